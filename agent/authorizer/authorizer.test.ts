import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { AuthorizerSet, ExternalAuthenticator, JwtAuthenticator } from '#shared/protocol/authorizer.ts'
import { Issuer } from '#test/support/authorizer/issuer.ts'
import { Authorizer } from './authorizer.ts'
import { type KeptAuthorizer, nothingKept } from './kept.ts'

const rule: ExternalAuthenticator = {
  kind: 'external',
  name: 'users',
  permissionsClaim: 'permissions',
  // Nobody to be asked: no test here needs an answer.
  service: { name: 'auth', endpoints: [], connectTimeoutMs: 1_000 },
  path: '/verify',
  timeoutMs: 1_000,
  cacheMs: 0,
}
const set = (...authenticators: readonly unknown[]): AuthorizerSet => ({ authenticators: [...authenticators] })

function opened(kept: KeptAuthorizer = nothingKept) {
  const written: KeptAuthorizer[] = []
  const log = createLogger({ name: 'test', level: 'silent' })
  const keep = (next: KeptAuthorizer) => void written.push(next)
  return { authorizer: new Authorizer({ gateway: 'edge', kept, keep, log }), written }
}

const names = ({ state }: Authorizer) => state.authenticators.map(({ name, retired }) => (retired ? `(${name})` : name))
const ask = (authorizer: Authorizer, authenticator = 'users', authorization?: string) =>
  authorizer.answer({ authenticator, permissions: [], authorization })

t.test('what is wanted is kept, once, and there again after a start', async (t) => {
  const { authorizer, written } = opened()
  authorizer.take(set(rule))
  authorizer.take(set(structuredClone(rule)))
  t.strictSame(written, [{ set: set(rule), keys: {} }])
  const { authorizer: again } = opened(written[0])
  t.strictSame(names(again), ['users'])
})

t.test('without a token nobody is asked, and without an answer nobody passes', async (t) => {
  const { authorizer } = opened()
  authorizer.take(set(rule))
  t.match(ask(authorizer), { kind: 'refused', why: 'no token' })
  t.match(await ask(authorizer, 'users', 'Bearer x'), { kind: 'unable', why: 'no endpoint' })
  t.match(authorizer.state.authenticators[0]?.counts, { asked: 2, known: 1, refused: 1, unable: 1, granted: 0 })
})

t.test('what is wanted no more goes on for a minute, for proxies that still ask for it', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { authorizer } = opened()
  authorizer.take(set(rule, { ...rule, name: 'old' }))
  authorizer.take(set(rule))
  t.strictSame(names(authorizer), ['users', '(old)'])
  t.match(ask(authorizer, 'old'), { kind: 'refused' })
  authorizer.take(set({ ...rule, cacheMs: 1 }))
  mock.timers.tick(59_999)
  t.strictSame(names(authorizer), ['users', '(old)'])
  mock.timers.tick(1)
  t.strictSame(names(authorizer), ['users'])
  t.match(ask(authorizer, 'old'), { kind: 'unable' })
  await authorizer[Symbol.asyncDispose]()
})

t.test('what is wanted again goes on as if nothing had been', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { authorizer } = opened()
  authorizer.take(set(rule))
  ask(authorizer)
  authorizer.take(set())
  authorizer.take(set(rule))
  mock.timers.tick(120_000)
  t.strictSame(names(authorizer), ['users'])
  t.equal(authorizer.state.authenticators[0]?.counts.asked, 1)
})

t.test('what has become something that is not understood here judges nothing any more', async (t) => {
  const { authorizer } = opened()
  authorizer.take(set(rule))
  authorizer.take(set({ kind: 'oracle', name: 'users' }, 7, { ...rule, name: 'other' }))
  t.strictSame(names(authorizer), ['other'])
  t.match(ask(authorizer), { kind: 'unable' })
  t.strictSame(authorizer.state.unknown, ['users', '?', 'users'])
})

t.test('of what is asked for in vain a few names are told, and all are counted', async (t) => {
  const { authorizer } = opened()
  for (let n = 0; n < 100; n += 1) ask(authorizer, `name ${n}`)
  t.equal(authorizer.state.unknown.length, 32)
  t.equal(authorizer.state.in_vain, 100)
})

t.test('of all headers there are only the token itself passes', async (t) => {
  const keys = new Issuer('https://issuer.test').add('a', 'EdDSA').add('b')
  const jwt: JwtAuthenticator = {
    kind: 'jwt',
    name: 'users',
    permissionsClaim: 'permissions',
    service: rule.service,
    issuer: keys.name,
    audiences: [],
    path: '/keys',
    refreshMs: 600_000,
  }
  const kept = { '["auth","/keys"]': { text: keys.keySet(), at: Date.now() } }
  const { authorizer } = opened({ set: set(jwt), keys: kept })
  const good = [`Bearer ${keys.token({}, { kid: 'a' })}`, `Bearer ${keys.token()}`]
  for (const header of good) t.match(await ask(authorizer, 'users', header), { kind: 'granted', subject: 'li' })
  const spoilt = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }))
    .map(([header, at, text]) => header.slice(0, at % header.length) + text + header.slice((at % header.length) + 1))
  const bytes = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each).toString('latin1'))
  const parts = fc.array(
    fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    ),
  )
  const header = fc.oneof(
    spoilt,
    bytes,
    bytes.map((text) => `Bearer ${text}`),
    parts.map((each) => `Bearer ${each.join('.')}`),
  )
  await fc.assert(
    fc.asyncProperty(header, async (each) => {
      const { kind } = await ask(authorizer, 'users', each)
      // Spaces more or less before it do not make it another token.
      return kind !== 'granted' || good.includes(each.replace(/^Bearer +/, 'Bearer '))
    }),
    { numRuns: 500 },
  )
  await authorizer[Symbol.asyncDispose]()
})
