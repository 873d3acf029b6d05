import type { Test } from 'tap'
import type { StoredLink, StoredSession, StoredUser } from '#control-plane/fleet/people.ts'
import { draft, storedApiToken } from './access-suite.ts'
import type { StoreKind } from './kinds.ts'

const now = Date.parse('2026-11-22T12:00:00.000Z')
const hour = 3_600_000

export function storedUser(name: string, more: Partial<StoredUser> = {}): StoredUser {
  return {
    ...{ id: `id-${name}`, name, email: `${name}@example.org`, role: 'operator', permissions: [], status: 'inactive' },
    ...{ lastLogin: undefined, createdAt: now, updatedAt: now, enrolledAt: undefined, identity: undefined },
    ...more,
  }
}

export function storedLink(id: string, userId: string, more: Partial<StoredLink> = {}): StoredLink {
  return { id, userId, secretHash: `hash of ${id}`, author: 'open', createdAt: now, expiresAt: now + hour, ...more }
}

export function begun(id: string, more: Partial<StoredSession> = {}): Omit<StoredSession, 'userId'> {
  const times = { createdAt: now, seenAt: now, expiresAt: now + hour, endsAt: now + 5 * hour }
  return { id, secretHash: `hash of ${id}`, from: '10.0.0.1', by: 'link', ...times, ...more }
}

/** What is promised of people, links and sessions, whatever they lie in. */
export async function peopleSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('the users of a new installation are there, and none of them can be anybody', async (t) => {
    await using store = await kind.open()
    t.match(await store.users(9), [
      { id: 'admin', role: 'admin', status: 'inactive', enrolledAt: undefined },
      { id: 'operator', role: 'operator', status: 'inactive' },
      { id: 'viewer', role: 'viewer', status: 'inactive' },
    ])
    t.equal(await store.hasEnrolledUsers(), false)
    t.strictSame(await store.sessions(9), [])
  })

  await t.test('users come back as they were kept, and none is like another', async (t) => {
    await using store = await kind.open()
    const anna = storedUser('安娜', { permissions: ['fleet:read'], email: undefined })
    t.equal(await store.addUser(anna, [draft('user:anna')]), true)
    t.strictSame(await store.user(anna.id), anna)
    t.strictSame(await store.user(anna.name), anna)
    t.equal(await store.user('nobody'), undefined)
    t.equal(await store.addUser({ ...anna, id: 'other' }, []), false, 'its name is taken')
    t.equal(await store.addUser(storedUser('b', { id: anna.id }), []), false, 'its id is taken')
    t.equal((await store.readAudit(0, 9)).length, 1)
    const identity = { issuer: 'https://a', subject: 's' }
    t.equal(await store.addUser(storedUser('c', { identity }), []), true)
    t.equal(await store.addUser(storedUser('d', { identity }), []), false, 'its identity is taken')
  })

  await t.test('a link works once, in its time, for who is let in', async (t) => {
    await using store = await kind.open()
    const use = (id: string, session: string, at = now) =>
      store.useSignInLink(
        { id, secretHash: `hash of ${id}`, session: begun(session, { createdAt: at }) },
        draft('', { caller: '' }),
      )
    t.equal(await store.addSignInLink(storedLink('l1', 'nobody'), []), false)
    t.equal(await store.addSignInLink(storedLink('l1', 'viewer'), [draft('link')]), true)
    t.equal(await use('l2', 's0'), undefined)
    t.equal(await use('l1', 's0', now + hour), undefined, 'too late')
    const uses = await Promise.all(['s1', 's2', 's3', 's4'].map((id) => use('l1', id)))
    t.equal(uses.filter((each) => each?.kind === 'signed-in').length, 1)
    t.match(await store.user('viewer'), { status: 'active', enrolledAt: now, lastLogin: now })
    t.equal(await store.hasEnrolledUsers(), true)
    const [session] = await store.sessions(9)
    t.match(session, { userId: 'viewer', by: 'link', from: '10.0.0.1', expiresAt: now + hour })
    t.match(await store.session(session?.id ?? ''), { session, user: { id: 'viewer' } })
    t.match((await store.readAudit(0, 9)).at(-1), { caller: 'user:viewer', subject: `session:${session?.id}` })
    await store.addSignInLink(storedLink('l3', 'viewer'), [])
    await store.addSignInLink(storedLink('l4', 'viewer'), [])
    t.equal(await use('l3', 's5'), undefined, 'a newer one has taken its place')
    await store.changeUser({ id: 'viewer', status: 'suspended', at: now, audit: [draft('suspend')] })
    t.equal(await use('l4', 's6'), undefined, 'who is suspended has none')
    t.equal(await store.addSignInLink(storedLink('l5', 'viewer'), []), false)
    t.strictSame(await store.sessions(9), [], 'and is signed in nowhere')
  })

  await t.test('the first link is made once, and only where nobody could make one', async (t) => {
    await using store = await kind.open()
    const first = (id: string, at = now) =>
      store.addFirstSignInLink(storedLink(id, 'admin', { createdAt: at, expiresAt: at + hour }), [draft('first')])
    const made = await Promise.all(['a', 'b', 'c'].map((id) => first(id)))
    t.strictSame(made.toSorted(), [false, false, true])
    t.equal(await first('d'), false)
    t.equal(await first('e', now + 2 * hour), true, 'one that nobody used in time is replaced')
    await store.changeApiTokens({
      add: storedApiToken('t', { permissions: ['users:write'], expiresAt: now + hour }),
      audit: [],
    })
    await store.changeUser({ id: 'admin', role: 'admin', at: now, audit: [] })
    t.equal(await first('f'), false, 'a token can make one')
  })

  await t.test('who comes from a provider is himself each time, and nobody else', async (t) => {
    await using store = await kind.open()
    const arrive = (subject: string, session: string, more: object = {}) =>
      store.arrive(
        {
          ...{ identity: { issuer: 'https://a', subject }, name: 'admin', role: 'viewer', session: begun(session) },
          ...more,
        },
        draft('', { caller: '' }),
      )
    const both = await Promise.all([arrive('1', 's1'), arrive('1', 's2')])
    const users = both.map((each) => (each.kind === 'signed-in' ? each.user.id : ''))
    t.equal(users[0], users[1])
    t.not(users[0], 'admin', 'by a name nobody becomes who was there')
    t.match(await store.user('admin'), { status: 'inactive', identity: undefined })
    const other = await arrive('2', 's3')
    t.match(other, { kind: 'signed-in', user: { role: 'viewer' } })
    t.equal((await store.users(9)).length, 5)
    t.match(
      await arrive('1', 's4', { role: 'operator' }),
      { user: { role: 'operator' } },
      'the provider gives the role',
    )
    const identity = { issuer: 'https://a', subject: '1' }
    t.equal(await store.endSessionsOf(identity, draft('', { caller: 'oidc:1' })), 3)
    t.equal((await store.sessions(9)).length, 1)
    t.equal(await store.endSessionsOf({ ...identity, issuer: 'https://b' }, draft('')), 0)
    await store.changeUser({ id: users[0] ?? '', status: 'suspended', at: now, audit: [] })
    t.strictSame(await arrive('1', 's5'), { kind: 'suspended' })
  })

  await t.test('a session lasts as long as it is used, ends once, and one person has not any number', async (t) => {
    await using store = await kind.open()
    const signIn = async (id: string, seenAt: number) => {
      await store.addSignInLink(storedLink(`l${id}`, 'admin'), [])
      const use = { id: `l${id}`, secretHash: `hash of l${id}`, session: begun(id, { seenAt }) }
      return store.useSignInLink(use, draft('', { caller: '' }))
    }
    await signIn('s', now - 1)
    await store.sawSession('s', now + 5, now + 2 * hour)
    await store.sawSession('s', now + 1, now + hour)
    t.match(await store.session('s'), { session: { seenAt: now + 5, expiresAt: now + 2 * hour } })
    for (let count = 0; count < 20; count += 1) await signIn(`n${count}`, now + 10 + count)
    t.equal(await store.session('s'), undefined, 'the one that was used least lately went')
    t.equal((await store.sessions(99)).length, 20)
    t.equal(await store.endSession('n1', [draft('end')]), true)
    t.equal(await store.endSession('n1', [draft('end')]), false)
    await store.changeUser({ id: 'admin', role: 'viewer', at: now, audit: [draft('role')] })
    t.strictSame(await store.sessions(9), [])
    await signIn('o', now)
    await store.dropPeople(now + hour)
    t.strictSame(await store.sessions(9), [])
  })

  await t.test('who has gone to his provider comes back once, and in time', async (t) => {
    await using store = await kind.open()
    t.equal(await store.beginSignIn({ hash: 'a', expiresAt: now + 10 }, now), true)
    t.equal(await store.takeSignIn('b', now), false)
    t.equal(await store.takeSignIn('a', now + 10), false)
    const taken = await Promise.all([1, 2, 3].map(() => store.takeSignIn('a', now)))
    t.equal(taken.filter(Boolean).length, 1)
  })
}
