import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { problemText } from '#shared/config/problem.ts'
import { AskedAuthenticator, type AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { plainEndpoint, plainTable } from '#test/support/routing/route-tables.ts'
import { Authorizers, authorizerSetOf } from './authorizer.ts'
import { parseDeclaration } from './declaration/parse.ts'
import type { Authenticator, RouteTable } from './table.ts'

const common = { permissionsClaim: 'permissions', source: 'routes.yaml:5' }
const users: Authenticator = {
  ...common,
  name: 'users',
  kind: 'jwt',
  issuer: 'i',
  audiences: ['api'],
  keys: { service: 'auth', path: '/keys', refreshMs: 1000 },
}
const old: Authenticator = {
  ...common,
  name: 'old',
  kind: 'external',
  service: 'auth',
  path: '/verify',
  timeoutMs: 100,
  cacheMs: 0,
}

function table(authenticators: readonly Authenticator[], ports: readonly number[], more: Partial<RouteTable> = {}) {
  const tls = { name: 'auth.internal', ca: '/etc/ca.pem' }
  return plainTable(
    8080,
    [],
    { auth: { endpoints: ports.map((port) => plainEndpoint(port)), tls } },
    { authenticators, ...more },
  )
}

t.test('each authenticator is told with the places where its service is asked now', async (t) => {
  const service = {
    name: 'auth',
    endpoints: [{ address: '127.0.0.1', port: 1, priority: 0 }],
    connectTimeoutMs: 1000,
    tls: { name: 'auth.internal', ca: '/etc/ca.pem' },
  }
  const claim = { permissionsClaim: 'permissions' }
  t.strictSame(authorizerSetOf(table([old, users], [1])), {
    authenticators: [
      { kind: 'external', name: 'old', ...claim, service, path: '/verify', timeoutMs: 100, cacheMs: 0 },
      {
        kind: 'jwt',
        name: 'users',
        ...claim,
        service,
        issuer: 'i',
        audiences: ['api'],
        path: '/keys',
        refreshMs: 1000,
      },
    ],
  })
})

t.test('of many endpoints the best are told', async (t) => {
  const endpoints = Array.from({ length: 100 }, (_, n) => plainEndpoint(n + 1, { priority: n < 50 ? 1 : 0 }))
  const [first] = authorizerSetOf(plainTable(8080, [], { auth: endpoints }, { authenticators: [users] })).authenticators
  t.equal(first?.service.endpoints.length, 64)
  t.equal(first?.service.endpoints.filter(({ priority }) => priority === 0).length, 50)
})

t.test('agents are told what differs, and nothing twice', async (t) => {
  const sent: (readonly [string, AuthorizerSet | undefined])[] = []
  const authorizers = new Authorizers((...each) => sent.push(each))
  const first = table([users], [1])
  authorizers.take({ table: first })
  authorizers.take({ table: first })
  authorizers.take({ table: table([users], [1], { routes: [], source: 'x' }) })
  t.equal(sent.length, 1)
  authorizers.take({ table: table([users], [1, 2]) })
  authorizers.take({ table: table([], [1, 2]) })
  t.strictSame(sent.slice(2), [['edge', { authenticators: [] }]])
  authorizers.withdraw('edge')
  authorizers.withdraw('edge')
  t.strictSame(sent.slice(3), [['edge', undefined]])
  authorizers.take({ table: first })
  t.equal(sent.length, 5)
})

t.test('that nobody checks tokens is a problem where proxies ask', async (t) => {
  const problems = (
    authenticators: readonly Authenticator[],
    proxy: 'envoy' | 'nginx',
    authorized: readonly string[],
  ) => {
    const authorizers = new Authorizers(() => {})
    authorizers.take({ table: table(authenticators, [], { proxy }) })
    return authorizers.problems(new Set(authorized)).length
  }
  t.equal(problems([users], 'nginx', []), 1)
  t.equal(problems([users], 'nginx', ['edge']), 0)
  t.equal(problems([], 'nginx', []), 0)
  t.equal(problems([users], 'envoy', []), 0, 'an Envoy checks these itself')
  t.equal(problems([users, old], 'envoy', []), 1)
})

t.test(
  'whatever is declared, an agent of this version understands it, and it is as it was after the way there',
  async (t) => {
    const text = fc.string({ minLength: 1, maxLength: 60 })
    const duration = fc.integer({ min: 10, max: 366 * 86_400_000 })
    const named = { name: text, permissionsClaim: text, source: text, service: fc.constant('auth'), path: text }
    const jwt = fc
      .record({ ...named, issuer: text, audiences: fc.array(text), refreshMs: duration })
      .map(({ service, path, refreshMs, ...each }): Authenticator => {
        return { kind: 'jwt', ...each, keys: { service, path, refreshMs } }
      })
    const external = fc
      .record({ ...named, timeoutMs: duration, cacheMs: fc.oneof(fc.constant(0), duration) })
      .map((each): Authenticator => ({ kind: 'external', ...each }))
    fc.assert(
      fc.property(fc.array(fc.oneof(jwt, external)), fc.array(fc.integer({ min: 1, max: 65_535 })), (all, ports) => {
        const { authenticators } = authorizerSetOf(table(all, ports))
        const arrived: unknown[] = JSON.parse(JSON.stringify(authenticators))
        t.strictSame(
          arrived.map((each) => z.parse(AskedAuthenticator, each)),
          authenticators,
        )
      }),
    )
  },
)

t.test('what docs/authorizer.md shows is a declaration', async (t) => {
  const page = await readFile(new URL('../../docs/authorizer.md', import.meta.url), 'utf8')
  const text = /```yaml\n(gateways:.*?)```/s.exec(page)?.[1] ?? ''
  const { declaration, problems } = parseDeclaration([{ file: 'routes.yaml', text }])
  t.strictSame(problems.map(problemText), [])
  t.strictSame([...(declaration?.authenticators.keys() ?? [])], ['users', 'zervi'])
})
