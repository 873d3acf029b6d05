import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { plainListener, plainRoute, plainService } from '#test/support/routing/route-tables.ts'
import { parseDeclaration } from './parse.ts'

const gateways = `gateways:
  edge: { proxy: envoy, listeners: [{ port: 8080 }] }
  side: { proxy: nginx, listeners: [{ port: 8090 }] }
`

function problemsOf(text: string): readonly string[] {
  return parseDeclaration([{ file: 'routes.yaml', text }]).problems.map(problemText)
}

await t.test('a declaration is read with its defaults, and each piece knows its place', async (t) => {
  const text = `gateways:
  edge:
    proxy: envoy
    listeners:
      - { port: 8080 }
      - { name: private, address: 127.0.0.1, port: 8081 }
    access_log: /var/log/envoy/access.log
services:
  user:
    balance: least_request
    connect_timeout: 500ms
    cluster: zervigo
routes:
  - { prefix: /api/users, service: user, path: strip }
  - name: everything
    prefix: /
    service: 首页
    path: keep
    timeout: 3s
    retries: 0
`
  const { declaration, problems } = parseDeclaration([{ file: 'routes.yaml', text }])
  t.strictSame(problems, [])
  t.strictSame(declaration?.gateways, [
    {
      name: 'edge',
      proxy: 'envoy',
      delivery: 'xds',
      mode: 'apply',
      logs: { access: '/var/log/envoy/access.log', attempts: undefined },
      trustedProxies: [],
      healthPath: undefined,
      authorizer: '127.0.0.1:18098',
      source: 'routes.yaml:2',
      listeners: [
        { ...plainListener, name: 'port-8080', address: '0.0.0.0', port: 8080, source: 'routes.yaml:5' },
        { ...plainListener, name: 'private', port: 8081, source: 'routes.yaml:6' },
      ],
    },
  ])
  t.strictSame(
    [...(declaration?.services ?? [])],
    [
      [
        'user',
        {
          ...plainService,
          balance: 'least_request',
          connectTimeoutMs: 500,
          cluster: 'zervigo',
          source: 'routes.yaml:9',
        },
      ],
    ],
  )
  t.strictSame(
    declaration?.routes.map(({ gateway: _, ...route }) => route),
    [
      plainRoute('/api/users', 'user', {
        name: 'api-users',
        path: 'strip',
        timeoutMs: 15_000,
        source: 'routes.yaml:14',
      }),
      plainRoute('/', '首页', { name: 'everything', timeoutMs: 3000, retries: 0, source: 'routes.yaml:15' }),
    ],
  )
})

for (const { name, text, problems } of [
  {
    name: 'a misspelt key',
    text: `${gateways}routes:\n  - { prefx: /a, prefix: /a, service: a, path: keep }\n`,
    problems: ['routes.yaml:5 routes[0].prefx: unknown key; did you mean "prefix"?'],
  },
  {
    name: 'a route that does not say what becomes of its prefix',
    text: `${gateways}routes:\n  - { prefix: /a, service: a }\n`,
    problems: [/^routes.yaml:5 routes\[0\].path: required: "strip" takes the prefix off/],
  },
  {
    name: 'the same prefix twice on a gateway, told once with both places',
    text: `${gateways}routes:
  - { prefix: /a, service: a, path: keep }
  - { name: other, prefix: /a, service: b, path: keep, gateways: [edge] }
  - { name: third, prefix: /b, service: b, path: keep }
  - { name: fourth, prefix: /b, service: b, path: keep }
`,
    problems: [
      'routes.yaml:6 routes[1]: prefix "/a" is routed twice on edge: here and at routes.yaml:5',
      'routes.yaml:8 routes[3]: prefix "/b" is routed twice on edge, side: here and at routes.yaml:7',
    ],
  },
  {
    name: 'two routes of one name',
    text: `${gateways}routes:\n  - { prefix: /a/b, service: a, path: keep }\n  - { prefix: /a-b, service: a, path: keep }\n`,
    problems: ['routes.yaml:6 routes[1]: two routes are named "a-b" on edge, side: here and at routes.yaml:5'],
  },
  {
    name: 'a gateway that is not there',
    text: `${gateways}routes:\n  - { prefix: /a, service: a, path: keep, gateways: [egde] }\n`,
    problems: ['routes.yaml:5 routes[0]: there is no gateway "egde"'],
  },
  {
    name: 'a port that two listeners claim',
    text: 'gateways:\n  edge:\n    proxy: envoy\n    listeners:\n      - { port: 80 }\n      - { name: b, address: "::1", port: 80 }\n',
    problems: [
      'routes.yaml:6 gateways.edge.listeners[1]: port 80 of gateway "edge" is claimed twice: by "b" here and by "port-80" at routes.yaml:5',
    ],
  },
  {
    name: 'two listeners of one name',
    text: 'gateways:\n  edge:\n    proxy: envoy\n    listeners:\n      - { name: a, port: 80 }\n      - { name: a, port: 81 }\n',
    problems: [
      'routes.yaml:6 gateways.edge.listeners[1]: two listeners of gateway "edge" are named "a": here and at routes.yaml:5',
    ],
  },
  {
    name: 'a prefix with a star or a slash at its end',
    text: `${gateways}routes:\n  - { prefix: /api/, service: a, path: keep }\n  - { prefix: "/b/*", service: a, path: keep }\n`,
    problems: [
      /^routes.yaml:5 routes\[0\].prefix: expected a path such as .*, got "\/api\/"$/,
      /^routes.yaml:6 routes\[1\].prefix: expected a path/,
    ],
  },
  {
    name: 'several at once',
    text: `gateways:
  edge: { proxy: apache, listeners: [] }
services:
  user: { connect_timeout: fast }
  heddle-xds: {}
`,
    problems: [
      'routes.yaml:2 gateways.edge.proxy: expected "envoy" or "nginx", got "apache"',
      'routes.yaml:2 gateways.edge.listeners: expected at least one listener, got []',
      /^routes.yaml:4 services.user.connect_timeout: expected a duration .*, got "fast"$/,
      /^routes.yaml:5 services.heddle-xds: /,
    ],
  },
  {
    name: 'a way that a proxy does not take',
    text: `gateways:
  edge: { proxy: nginx, delivery: xds, listeners: [{ port: 80 }] }
  side: { proxy: envoy, delivery: pigeon, listeners: [{ port: 81 }] }
`,
    problems: [
      'routes.yaml:2 gateways.edge.delivery: an Nginx takes files only, got "xds"',
      'routes.yaml:3 gateways.side.delivery: expected "xds" or "files", got "pigeon"',
    ],
  },
  { name: 'text that is not YAML', text: 'gateways: [', problems: [/^routes.yaml:1 /] },
  { name: 'no gateway at all', text: '', problems: ['routes.yaml no gateway is declared'] },
]) {
  await t.test(`a problem is told with its place: ${name}`, async (t) => {
    const found = problemsOf(text)
    t.equal(found.length, problems.length, found.join('\n'))
    problems.forEach((problem, index) => {
      t.match(found[index], problem)
    })
  })
}

await t.test('several files make one declaration, and contradictions between them name both', async (t) => {
  const routes = 'routes:\n  - { prefix: /a, service: a, path: keep }\n'
  const whole = parseDeclaration([
    { file: 'a.yaml', text: gateways },
    { file: 'b.yaml', text: routes },
  ])
  t.strictSame(
    whole.declaration?.routes.map(({ source, gateway }) => [source, gateway]),
    [
      ['b.yaml:2', 'edge'],
      ['b.yaml:2', 'side'],
    ],
  )
  const twice = parseDeclaration([
    { file: 'a.yaml', text: gateways },
    { file: 'b.yaml', text: `${gateways}${routes}` },
    { file: 'c.yaml', text: routes },
    { file: 'd.yaml', text: 'services: { a: {} }' },
    { file: 'e.yaml', text: 'services: { a: {} }' },
  ])
  t.strictSame(twice.problems.map(problemText), [
    'b.yaml:2 gateways.edge: gateway "edge" is declared twice: here and at a.yaml:2',
    'b.yaml:3 gateways.side: gateway "side" is declared twice: here and at a.yaml:3',
    'e.yaml:1 services.a: service "a" is declared twice: here and at d.yaml:1',
    'c.yaml:2 routes[0]: prefix "/a" is routed twice on edge, side: here and at b.yaml:5',
    'c.yaml:2 routes[0]: two routes are named "a" on edge, side: here and at b.yaml:5',
  ])
})

await t.test('what is missing is not told while a file cannot be read', async (t) => {
  const { problems } = parseDeclaration([
    { file: 'a.yaml', text: 'gateways: { edge: { proxy: none } }' },
    { file: 'b.yaml', text: 'routes: [{ prefix: /a, service: a, path: keep, gateways: [edge] }]' },
  ])
  t.notOk(problems.some(({ message }) => message.includes('there is no gateway')))
})

await t.test('equal files give an equal version, others another', async (t) => {
  const version = (text: string) => parseDeclaration([{ file: 'a.yaml', text }]).declaration?.version
  t.equal(version(gateways), version(gateways))
  t.not(version(gateways), version(`${gateways}# changed\n`))
})

await t.test(
  'an Envoy asks the plane unless it is to be given files, and an Nginx is always given files',
  async (t) => {
    const text = `gateways:
  a: { proxy: envoy, listeners: [{ port: 80 }] }
  b: { proxy: envoy, delivery: files, listeners: [{ port: 80 }] }
  c: { proxy: nginx, listeners: [{ port: 80 }] }
  d: { proxy: nginx, delivery: files, listeners: [{ port: 80 }] }
`
    const { declaration } = parseDeclaration([{ file: 'routes.yaml', text }])
    t.strictSame(
      declaration?.gateways.map(({ delivery }) => delivery),
      ['xds', 'files', 'files', 'files'],
    )
  },
)
