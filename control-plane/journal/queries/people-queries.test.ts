import t from 'tap'
import { draft } from '#test/support/store/access-suite.ts'
import { backedUp, openDatabase, restoreInto } from '#test/support/store/backing-up.ts'
import { sqlite } from '#test/support/store/kinds.ts'
import { begun, peopleSuite, storedLink } from '#test/support/store/people-suite.ts'

await peopleSuite(t, sqlite)

await t.test('a restore brings people back, and signs all of them out', async (t) => {
  await using from = await openDatabase()
  await from.store.addSignInLink(storedLink('l', 'admin'), [])
  await from.store.useSignInLink({ id: 'l', secretHash: 'hash of l', session: begun('s') }, draft(''))
  await from.store.addSignInLink(storedLink('m', 'admin'), [])
  await using to = await openDatabase()
  await restoreInto(to.db, await backedUp(from.db))
  t.match(await to.store.user('admin'), { status: 'active' })
  t.strictSame(await to.store.sessions(9), [])
  t.equal(await to.store.useSignInLink({ id: 'm', secretHash: 'hash of m', session: begun('n') }, draft('')), undefined)
})
