import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { plainRoute, type RouteParts } from '#test/support/routing/route-tables.ts'
import type { Route } from '../table.ts'
import { parseDeclaration } from './parse.ts'

const head = `gateways:
  edge:
    proxy: envoy
    listeners: [{ port: 8080, client: client-a }]
authentication:
  main: { jwt: { issuer: https://auth.example, keys: { service: zervi-auth, path: /keys } } }
routes:
`

function parsed(route: string, before = head) {
  return parseDeclaration([{ file: 'routes.yaml', text: `${before}  - { ${route} }\n` }])
}

function expected(prefix: string, to: string, parts: RouteParts = {}): Route {
  return plainRoute(prefix, to, { timeoutMs: 15_000, source: 'routes.yaml:8', ...parts })
}

for (const { route, becomes } of [
  {
    route: 'exact: /a, service: s',
    becomes: expected('/a', 's', { match: { path: { kind: 'exact', path: '/a' } } }),
  },
  {
    route: 'template: "/a/{id}", service: s, path: { rewrite: "/b/{id}" }',
    becomes: expected('/a', 's', {
      name: 'a-id',
      match: { path: { kind: 'template', path: '/a/{id}' } },
      path: { kind: 'rewrite', to: '/b/{id}' },
    }),
  },
  {
    route: 'prefix: /a, path: keep, service: "basic-*", hosts: [b.example, "*.a.example"], methods: [PUT, GET]',
    becomes: expected('/a', 'basic-*', { match: { hosts: ['*.a.example', 'b.example'], methods: ['GET', 'PUT'] } }),
  },
  {
    route:
      'prefix: /a, path: keep, service: s, clients: [client-a], headers: { x-b: "1", x-a: true }, query: { v: "2" }',
    becomes: expected('/a', 's', {
      match: {
        clients: ['client-a'],
        headers: [
          { name: 'x-a', present: true },
          { name: 'x-b', is: '1' },
        ],
        query: [{ name: 'v', is: '2' }],
      },
    }),
  },
  {
    route:
      'prefix: /a, path: strip, services: [{ service: s, weight: 9 }, { service: t, weight: 1 }], timeout: none, websocket: false',
    becomes: expected('/a', '', {
      path: 'strip',
      choices: [
        { service: 's', weight: 9 },
        { service: 't', weight: 1 },
      ],
      timeoutMs: undefined,
      websocket: false,
    }),
  },
  {
    route: 'prefix: /a, path: keep, service: s, mirror: { service: t }',
    becomes: expected('/a', 's', { mirror: { service: 't', percent: 100 } }),
  },
  {
    route: 'prefix: /a, redirect: { scheme: https, port: 8443 }',
    becomes: expected('/a', '', {
      action: { kind: 'redirect', status: 308, scheme: 'https', host: undefined, port: 8443, path: undefined },
    }),
  },
  {
    route: 'prefix: /a, answer: { status: 410, body: gone }',
    becomes: expected('/a', '', {
      action: { kind: 'answer', status: 410, contentType: 'text/plain', body: 'gone' },
    }),
  },
  {
    route: 'prefix: /a, path: keep, service: s, auth: main, permissions: ["cluster:manage"], max_body: 1kb',
    becomes: expected('/a', 's', {
      policy: {
        access: { kind: 'required', authenticator: 'main', permissions: ['cluster:manage'] },
        maxBodyBytes: 1024,
      },
    }),
  },
  {
    route: 'prefix: /a, path: keep, service: s, rate: { requests: 600/m, by: address }',
    becomes: expected('/a', 's', { policy: { rate: { requests: 600, perMs: 60_000, burst: 10, by: 'address' } } }),
  },
  {
    route:
      'prefix: /a, path: keep, service: s, rate: { requests: 10/h }, response_headers: { set: { x-b: "2", x-a: "1" }, remove: [server] }',
    becomes: expected('/a', 's', {
      policy: {
        rate: { requests: 10, perMs: 3_600_000, burst: 1, by: 'route' },
        responseHeaders: {
          set: [
            { name: 'x-a', value: '1' },
            { name: 'x-b', value: '2' },
          ],
          remove: ['server'],
        },
      },
    }),
  },
  {
    route: 'prefix: /a, path: keep, service: s, cors: { origins: ["https://app.example"], credentials: true }',
    becomes: expected('/a', 's', {
      policy: {
        cors: {
          origins: ['https://app.example'],
          methods: ['GET', 'HEAD', 'POST'],
          headers: [],
          expose: [],
          credentials: true,
          maxAgeS: 600,
        },
      },
    }),
  },
] as const) {
  t.test(`a route is read: ${route}`, async (t) => {
    const { declaration, problems } = parsed(route)
    t.strictSame(problems.map(problemText), [])
    const routes = declaration?.routes.map(({ gateway: _, ...route }) => route)
    t.strictSame(routes, [becomes])
  })
}

for (const { route, problem } of [
  { route: 'service: s', problem: /^routes.yaml:8 routes\[0\]: say one of prefix, exact or template$/ },
  { route: 'prefix: /a, exact: /b, path: keep, service: s', problem: /say one of prefix, exact or template/ },
  { route: 'prefix: /a, path: keep', problem: /say one of service, services, redirect or answer/ },
  { route: 'prefix: /a, path: keep, service: s, answer: { status: 200 }', problem: /say one of service, services/ },
  { route: 'prefix: /a, answer: { status: 301 }', problem: /say redirect for a status of 300 to 399/ },
  {
    route: 'prefix: /a, answer: { status: 204, body: x }',
    problem: /answer.body: an answer with this status has no body/,
  },
  {
    route: 'prefix: /a, path: keep, service: s, methods: [GET], cors: { origins: ["*"] }',
    problem: /methods: a route with cors is asked by OPTIONS too/,
  },
  {
    route: 'prefix: /a, path: keep, service: s, headers: { x-request-id: "1" }',
    problem: /the proxies write this header themselves/,
  },
  {
    route: `template: "/${'abcdefghij'.replace(/./g, '{$&}/').slice(0, -1)}", path: { rewrite: "/x/${'abcdefghij'.replace(/./g, '{$&}/').slice(0, -1)}" }, service: s`,
    problem: /can name at most 9 parts/,
  },
  { route: 'exact: /a, path: strip, service: s', problem: /routes\[0\].path: only a prefix can be stripped/ },
  { route: 'prefix: /a, path: { rewrite: "/b/{id}" }, service: s', problem: /the route has no part "\{id\}"/ },
  { route: 'template: "/a/{id}/{id}", service: s', problem: /routes\[0\].template: expected a path with named parts/ },
  { route: 'template: "/a/x{id}", service: s', problem: /routes\[0\].template: expected a path with named parts/ },
  {
    route: 'prefix: /a, path: keep, redirect: { path: /b }',
    problem: /routes\[0\].path: this route leads to no service/,
  },
  { route: 'prefix: /a, redirect: { status: 301 }', problem: /say what is to be another/ },
  { route: 'prefix: /a, path: keep, service: s, auth: other', problem: /there is no authenticator "other"/ },
  {
    route: 'prefix: /a, path: keep, service: s, auth: open, permissions: [a]',
    problem: /a route that is open cannot ask/,
  },
  { route: 'prefix: /a, path: keep, service: s, permissions: [a]', problem: /but gateway "edge" has no auth/ },
  { route: 'prefix: /a, path: keep, service: s, clients: [client-b]', problem: /has the client "client-b"/ },
  { route: 'prefix: /a, path: keep, service: s, headers: { X-A: "1" }', problem: /header name in lower case/ },
  { route: 'prefix: /a, path: keep, service: s, headers: { x-a: "1,2" }', problem: /printable ASCII without a comma/ },
  {
    route: 'prefix: /a, path: keep, service: s, request_headers: { set: { host: a } }',
    problem: /the proxies need this header/,
  },
  {
    route: 'prefix: /a, path: keep, service: s, response_headers: { set: { x-a: "a\\nb" } }',
    problem: /expected printable ASCII/,
  },
  { route: 'prefix: /a, path: keep, service: "a*b"', problem: /its beginning and one "\*" at the end/ },
  { route: 'prefix: /a, path: keep, service: heddle-xds', problem: /Heddle's own/ },
  {
    route: 'prefix: /a, path: keep, service: s, rate: { requests: fast }',
    problem: /expected a rate such as "100\/s"/,
  },
  { route: 'prefix: /a, path: keep, service: s, max_body: 0mb', problem: /expected a size such as/ },
  {
    route: 'prefix: /a, path: keep, service: s, cors: { origins: ["*"], credentials: true }',
    problem: /where the origins are named/,
  },
  { route: 'prefix: /a, path: keep, services: [{ service: s, weight: 1 }]', problem: /at least two services/ },
  { route: 'prefix: /a, path: keep, service: s, hosts: [API.example]', problem: /host name in lower case/ },
] as const) {
  t.test(`it is told what is wrong: ${route}`, async (t) => {
    const { declaration, problems } = parsed(route)
    t.equal(declaration, undefined)
    t.match(problems.map(problemText).join('\n'), problem)
  })
}

t.test("a gateway's auth holds for all its routes but those that say open", async (t) => {
  const text = `gateways:
  edge: { proxy: envoy, auth: main, listeners: [{ port: 80 }] }
  inner: { proxy: nginx, listeners: [{ port: 81 }] }
authentication:
  main: { external: { service: zervi-auth, path: /verify } }
routes:
  - { prefix: /a, path: keep, service: s, gateways: [edge], permissions: [p] }
  - { prefix: /b, path: keep, service: s, auth: open }
  - { prefix: /c, path: keep, service: s }
`
  const { declaration, problems } = parseDeclaration([{ file: 'r.yaml', text }])
  t.strictSame(problems.map(problemText), [])
  const access = declaration?.routes.map(({ gateway, name, policy }) => [gateway, name, policy.access])
  t.strictSame(access, [
    ['edge', 'a', { kind: 'required', authenticator: 'main', permissions: ['p'] }],
    ['edge', 'b', { kind: 'open' }],
    ['inner', 'b', { kind: 'open' }],
    ['edge', 'c', { kind: 'required', authenticator: 'main', permissions: [] }],
    ['inner', 'c', { kind: 'open' }],
  ])
})

t.test('what an Nginx cannot do is refused by name, with the gateway', async (t) => {
  const text = `gateways:
  edge: { proxy: envoy, listeners: [{ port: 80 }] }
  side: { proxy: nginx, listeners: [{ port: 81 }] }
services: { s: { slow_start: 30s } }
routes:
  - { prefix: /a, path: keep, service: s, gateways: [GATEWAY] }
`
  const problems = (gateway: string) =>
    parseDeclaration([{ file: 'r.yaml', text: text.replace('GATEWAY', gateway) }]).problems.map(problemText)
  t.strictSame(problems('edge'), [])
  t.strictSame(problems('side'), ['r.yaml:4 services.s: Nginx cannot do slow_start, and gateway "side" leads to "s"'])
})
