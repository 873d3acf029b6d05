import t from 'tap'
import { backedUp, openDatabase, restoreInto } from '#test/support/store/backing-up.ts'
import { identitySuite, storedAuthority, storedIdentity, storedToken } from '#test/support/store/identity-suite.ts'
import { sqlite } from '#test/support/store/kinds.ts'
import { holdUntil, revokedBy, revokeEnrolment } from '../../fleet/revoked.ts'
import { copyStore } from '../copy-store.ts'
import { migrate } from '../migrate.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')

await identitySuite(t, sqlite)

async function filled() {
  const from = await openDatabase()
  await from.store.addAuthority(storedAuthority('a'))
  await from.store.addToken(storedToken('t', { usesLeft: 9 }))
  await from.store.changeIdentity({ identity: storedIdentity('n-1') })
  await from.store.addRevocations([revokeEnrolment('n-9', 1, now, 'operator:alice', 'lost')])
  return from
}

t.test(
  'a backup brings identities and revocations back, and no token; nobody renews before it is known who was revoked since',
  async (t) => {
    await using from = await filled()
    const bytes = await backedUp(from.db)
    await using to = await openDatabase()
    await restoreInto(to.db, bytes, { by: 'operator:bob', now })
    t.strictSame(await to.store.authorities(), await from.store.authorities())
    t.match(await to.store.identity('n-1'), { node: 'n-1', version: 1 })
    t.strictSame(await to.store.tokens(10), [])
    const revocations = await to.store.revocations()
    t.strictSame(revocations, [...(await from.store.revocations()), holdUntil(now, 'operator:bob')])
    t.equal(revokedBy(revocations).heldUntil, now)
  },
)

t.test('a store without an authority is restored without holding anything', async (t) => {
  await using from = await openDatabase()
  await using to = await openDatabase()
  await restoreInto(to.db, await backedUp(from.db), { now })
  t.strictSame(await to.store.revocations(), [])
})

t.test('a backup of an older schema is restored, and identities begin empty', async (t) => {
  await using from = await openDatabase('0008-replicas')
  await using to = await openDatabase()
  await restoreInto(to.db, await backedUp(from.db), { now })
  t.strictSame(await to.store.authorities(), [])
  await migrate(from.db)
  t.strictSame(await from.store.identities('', 1), [])
})

t.test('a copy into another store holds who the nodes are, and no token', async (t) => {
  await using from = await filled()
  await using to = await openDatabase()
  t.match(await copyStore(from.db, to.db, 'new'), { authorities: 1, identities: 1, revocations: 1 })
  t.strictSame(await to.store.tokens(10), [])
  t.equal((await to.store.revocations()).length, 1, 'nothing is held: a move loses nothing')
})
