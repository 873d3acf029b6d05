import t from 'tap'
import { Servers } from '#test/support/alike/proxies.ts'
import { compareProxies } from '#test/support/alike/run.ts'

t.setTimeout(150_000)

await t.test('generated tables and requests: both proxies do what the rule says, and the same', async (t) => {
  await using servers = await Servers.start()
  const differences = await compareProxies(servers, { seed: 26, worlds: 4, requestsEach: 200 })
  t.strictSame(differences, [])
})
