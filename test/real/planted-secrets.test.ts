import t from 'tap'
import { plantAndLook } from '#test/support/plant-secrets.ts'

t.setTimeout(120_000)

await t.test('a secret stands nowhere in a plane on SQLite, nor in its backup, audit and log', async (t) => {
  await plantAndLook(t, { journal: {}, dumped: async () => new Map() })
})
