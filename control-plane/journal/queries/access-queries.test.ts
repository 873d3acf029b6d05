import t from 'tap'
import { accessSuite, draft, storedApiToken } from '#test/support/store/access-suite.ts'
import { backedUp, openDatabase, restoreInto } from '#test/support/store/backing-up.ts'
import { sqlite } from '#test/support/store/kinds.ts'

await accessSuite(t, sqlite)

await t.test('a restore ends every token, keeps that there were some, and brings the audit back', async (t) => {
  await using from = await openDatabase()
  await from.store.changeApiTokens({ add: storedApiToken('a'), audit: [draft('token:a')] })
  await from.store.countTries([{ subject: 'a', limits: { failures: 1, withinMs: 1, lockMs: 1 } }], Date.now())
  await using to = await openDatabase()
  await restoreInto(to.db, await backedUp(from.db))
  t.equal(await to.store.hasApiTokens(), true)
  t.type((await to.store.apiToken('a'))?.endedAt, 'number')
  const [first, second, ...more] = await to.store.readAudit(0, 10)
  t.strictSame([first], await from.store.readAudit(0, 10))
  t.match(second, { seq: 2, caller: 'operator:alice', operation: 'restore' })
  t.strictSame(more, [])
  t.equal((await to.store.auditChain()).head.hash, second?.hash)
  t.strictSame(await to.store.lockedTries(0), [])
})
