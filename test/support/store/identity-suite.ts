import type { Test } from 'tap'
import type { StoredAuthority, StoredIdentity, StoredToken } from '#control-plane/fleet/identity.ts'
import { holdUntil, releaseUntil, revokeEnrolment, revokeSerial, united } from '#control-plane/fleet/revoked.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { everything } from '#shared/identity/scope.ts'
import type { StoreKind } from './kinds.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')
const hour = 3_600_000

export function storedAuthority(id: string, more: Partial<StoredAuthority> = {}): StoredAuthority {
  const kept = { certificate: `PEM of ${id}`, sealedKey: 's1.sealed', secretCheck: 'check' }
  return { id, ...kept, state: 'active', since: now, createdAt: now, notAfter: now + 100_000 * hour, ...more }
}

export function storedToken(id: string, more: Partial<StoredToken> = {}): StoredToken {
  const about = { author: 'operator:alice', createdAt: now, lastUsedAt: undefined }
  return { id, secretHash: `hash of ${id}`, usesLeft: 1, expiresAt: now + hour, grant: everything, ...about, ...more }
}

export function storedIdentity(node: string, more: Partial<StoredIdentity> = {}): StoredIdentity {
  return {
    node,
    state: 'enrolled',
    machine: 'm1',
    key: 'key',
    formerKey: undefined,
    scope: { ...everything, v: 1, site: '上海', enrolment: 1 },
    pending: undefined,
    serial: '4A',
    issuedAt: now,
    notAfter: now + 24 * hour,
    enrolledBy: 'token',
    version: 0,
    ...more,
  }
}

/** What is promised of identities, whatever they lie in. */
export async function identitySuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('of planes that start together one makes the authority, and all have that', async (t) => {
    await using store = await kind.open()
    const made = Array.from({ length: 8 }, (_, index) => store.addAuthority(storedAuthority(`a${index}`)))
    const seen = await Promise.all(made)
    t.equal(new Set(seen.map((all) => JSON.stringify(all))).size, 1)
    t.equal(seen[0]?.length, 1)
    t.strictSame(await store.authorities(), seen[0])
  })

  await t.test('authorities change together or not at all, and only from where they are', async (t) => {
    await using store = await kind.open()
    await store.addAuthority(storedAuthority('a'))
    const next = [storedAuthority('b', { state: 'next' }), storedAuthority('c', { state: 'next' })] as const
    await Promise.all(next.map((each) => store.addAuthority(each)))
    const [, second] = await store.authorities()
    t.equal((await store.authorities()).length, 2, 'one is next at a time')
    const id = second?.id ?? ''
    const at = now + hour
    const turn = [
      { id: 'a', from: 'active', to: 'retiring', at },
      { id, from: 'next', to: 'active', at },
    ] as const
    t.equal(await store.changeAuthorities([turn[0], { ...turn[1], from: 'retiring' }]), false)
    t.match(await store.authorities(), [{ state: 'active', since: now }, { state: 'next' }])
    t.equal(await store.changeAuthorities(turn), true)
    t.equal(await store.changeAuthorities(turn), false, 'another plane has done it')
    t.match(await store.authorities(), [
      { id: 'a', state: 'retiring', since: at },
      { id, state: 'active', since: at },
    ])
    await store.addAuthority(storedAuthority('late'))
    t.equal((await store.authorities()).length, 2)
  })

  await t.test('a token enrols as many nodes as it may, however many ask at once', async (t) => {
    await using store = await kind.open()
    await store.addToken(storedToken('t', { usesLeft: 3 }))
    const token = { id: 't', secretHash: 'hash of t', now: now + 1 }
    const ends = await Promise.all(
      Array.from({ length: 12 }, (_, index) => store.changeIdentity({ identity: storedIdentity(`n-${index}`), token })),
    )
    t.equal(ends.filter((end) => end === 'changed').length, 3)
    t.equal(ends.filter((end) => end === 'spent').length, 9)
    t.equal((await store.identities('', 100)).length, 3, 'nobody is enrolled without a use')
    t.match(await store.token('t'), { usesLeft: 0, lastUsedAt: now + 1 })
  })

  await t.test('a token with another secret, or at another time, enrols nobody', async (t) => {
    await using store = await kind.open()
    await store.addToken(storedToken('t'))
    const identity = storedIdentity('n-1')
    const token = { id: 't', secretHash: 'hash of t', now }
    for (const wrong of [{ id: 'u' }, { secretHash: 'hash' }, { now: now + hour }]) {
      t.equal(await store.changeIdentity({ identity, token: { ...token, ...wrong } }), 'spent')
    }
    t.equal(await store.identity('n-1'), undefined)
    t.equal(await store.changeIdentity({ identity, token: { ...token, now: now + hour - 1 } }), 'changed')
  })

  await t.test('a token whose node is overtaken keeps its use', async (t) => {
    await using store = await kind.open()
    await store.addToken(storedToken('t'))
    const token = { id: 't', secretHash: 'hash of t', now }
    t.equal(await store.changeIdentity({ identity: storedIdentity('n-1') }), 'changed')
    t.equal(await store.changeIdentity({ identity: storedIdentity('n-1'), token }), 'overtaken')
    t.match(await store.token('t'), { usesLeft: 1, lastUsedAt: undefined })
  })

  await t.test('tokens are listed, ended and forgotten', async (t) => {
    await using store = await kind.open()
    await store.addToken(storedToken('old', { expiresAt: now - hour }))
    await store.addToken(storedToken('new', { usesLeft: 5, lastUsedAt: now }))
    t.strictSame(
      (await store.tokens(10)).map(({ id }) => id),
      ['new', 'old'],
    )
    t.strictSame(await store.token('new'), storedToken('new', { usesLeft: 5, lastUsedAt: now }))
    t.equal(await store.endToken('new'), true)
    t.equal(await store.endToken('never'), false)
    t.match(await store.token('new'), { usesLeft: 0 })
    await store.dropTokens(now)
    t.equal((await store.tokens(10)).length, 1)
  })

  await t.test('an identity comes back as it was written, one version on', async (t) => {
    await using store = await kind.open()
    const pending = { key: 'k2', machine: '机器', site: 's', grant: everything, token: 't', at: now }
    const first = storedIdentity('n-1', { state: 'waiting', pending, formerKey: 'k0' })
    t.equal(await store.changeIdentity({ identity: first }), 'changed')
    t.strictSame(await store.identity('n-1'), { ...first, version: 1 })
    const second = storedIdentity('n-1', { version: 1, serial: '4B' })
    t.equal(await store.changeIdentity({ identity: second }), 'changed')
    t.strictSame(await store.identity('n-1'), { ...second, version: 2 })
    t.equal(await store.identity('n-2'), undefined)
  })

  await t.test('of changes that saw the same version one happens', async (t) => {
    await using store = await kind.open()
    await store.changeIdentity({ identity: storedIdentity('n-1') })
    const changes = Array.from({ length: 6 }, (_, index) =>
      store.changeIdentity({ identity: storedIdentity('n-1', { version: 1, key: `k${index}` }) }),
    )
    const ends = await Promise.all(changes)
    t.strictSame(ends.toSorted(), ['changed', ...Array.from({ length: 5 }, () => 'overtaken')])
    const winner = `k${ends.indexOf('changed')}`
    t.match(await store.identity('n-1'), { key: winner, version: 2 })
  })

  await t.test('identities are read page by page', async (t) => {
    await using store = await kind.open()
    for (let index = 0; index < 7; index += 1) await store.changeIdentity({ identity: storedIdentity(`n-${index}`) })
    const seen: string[] = []
    for (let after = ''; ; ) {
      const page = await store.identities(after, 3)
      seen.push(...page.map(({ node }) => node))
      after = page.at(-1)?.node ?? ''
      if (after === '') break
    }
    t.strictSame(seen, ['n-0', 'n-1', 'n-2', 'n-3', 'n-4', 'n-5', 'n-6'])
  })

  await t.test('a node is revoked and its revocation is known together, or neither', async (t) => {
    await using store = await kind.open()
    await store.changeIdentity({ identity: storedIdentity('n-1') })
    const revocations = [revokeEnrolment('n-1', 1, now, 'operator:alice', '丢了')]
    const identity = storedIdentity('n-1', { state: 'revoked', version: 9 })
    t.equal(await store.changeIdentity({ identity, revocations }), 'overtaken')
    t.strictSame(await store.revocations(), [])
    t.equal(await store.changeIdentity({ identity: { ...identity, version: 1 }, revocations }), 'changed')
    t.strictSame(await store.revocations(), revocations)
  })

  await t.test('revocations only become more, in whatever order they come', async (t) => {
    await using store = await kind.open()
    const all = [
      revokeEnrolment('n-1', 2, now, 'a', ''),
      revokeSerial('n-1', '4A', now, 'a', ''),
      holdUntil(now, 'a'),
      releaseUntil(now, now + 1, 'a', 'seen'),
    ]
    await Promise.all([store.addRevocations(all), store.addRevocations(all.toReversed()), store.addRevocations([])])
    await store.addRevocations([{ ...revokeSerial('n-1', '4A', now, 'mallory', ''), endsAt: 0 }])
    t.strictSame(united(await store.revocations()), united(all))
    await store.dropRevocations(now)
    t.equal((await store.revocations()).length, 4)
    await store.dropRevocations(now + 1_000 * hour)
    t.equal((await store.revocations()).length, 0)
  })

  await t.test('all of it is there after a restart', async (t) => {
    await using place = await kind.place()
    {
      await using store = await openStore(place.settings)
      await store.addAuthority(storedAuthority('a'))
      await store.addToken(storedToken('t'))
      await store.changeIdentity({ identity: storedIdentity('n-1'), revocations: [holdUntil(now, 'a')] })
    }
    await using store = await openStore(place.settings)
    t.strictSame(await store.authorities(), [storedAuthority('a')])
    t.strictSame(await store.token('t'), storedToken('t'))
    t.strictSame(await store.identity('n-1'), storedIdentity('n-1', { version: 1 }))
    t.strictSame(await store.revocations(), [holdUntil(now, 'a')])
  })
}
