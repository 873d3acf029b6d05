import t from 'tap'
import { SessionNames } from './session-names.ts'

t.test('no two sessions have one name', async (t) => {
  const names = new SessionNames()
  const made = Array.from({ length: 2_000 }, () => names.next())
  t.equal(new Set(made).size, made.length)
  t.ok(made.every((name) => /^s-[A-Za-z0-9_-]{12}$/.test(name)))
})
