import fc from 'fast-check'
import t from 'tap'
import { noRoute } from '#control-plane/routing/answers.ts'
import { decide } from '#control-plane/routing/table/decide.ts'
import { normalPath } from '#control-plane/routing/table/normal-path.ts'
import type { RoutedRequest } from '#control-plane/routing/table/request-match.ts'
import type { Condition, Route, RouteTable } from '#control-plane/routing/table.ts'
import { freePorts } from '#test/support/ports.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { Echo, header, rawRequest, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(120_000)

const ports = await freePorts(3)
await using echo = await new Echo().start()
const endpoints = [plainEndpoint(echo.port)]

/** The table with routes that tell who they are, and that nothing keeps from answering. */
function telling(table: RouteTable): RouteTable {
  const routes = table.routes.map((route): Route => {
    const requestHeaders = { set: [{ name: 'x-route', value: route.name }], remove: [] }
    const { policy } = plainRoute('/', '', { policy: { requestHeaders } })
    const { action } = route
    if (action.kind === 'answer') return { ...route, policy, action: { ...action, status: 299, body: route.name } }
    return {
      ...route,
      policy,
      action: action.kind === 'forward' ? { ...action, mirror: undefined, websocket: true, timeoutMs: 20_000 } : action,
    }
  })
  const services = table.services.map((service) => ({
    ...service,
    endpoints,
    tls: undefined,
    maxConnections: undefined,
    connectTimeoutMs: 20_000,
  }))
  const listeners = table.listeners.map((each) => ({ ...each, redirectToHttps: undefined, proxyProtocol: false }))
  return {
    ...table,
    logs: { access: undefined, attempts: undefined },
    healthPath: undefined,
    clients: [],
    listeners,
    routes,
    services,
  }
}

const pathOf = (route: Route | undefined) => {
  const { kind, path } = route?.match.path ?? { kind: 'prefix', path: '/' }
  const filled = kind === 'template' ? path.replaceAll(/\{\w+\}/g, 'x%20y') : path
  return filled === '/' ? '' : filled
}
const ends = fc.constantFrom(
  '',
  '',
  '/',
  '/below',
  '/a//b',
  '/../x',
  '/./',
  '/..;/x',
  '/%41%7e',
  '/a%2Bb',
  '/%2e%2E/z',
  '/..;a/y',
  '/%2e.;/y',
  '/b//../c',
  'x',
  '/%2f',
)
const queries = fc.constantFrom(
  '',
  '?',
  '?q',
  '?q=',
  '?q=one&q=two',
  '?x=q&a.b=one',
  "?x-y=%41'(*)$!",
  '?Q=one',
  '?a.b=a:b@c',
  '?&&=&q=one#',
)
const hosts = fc.constantFrom(
  'a.example',
  'B.example:8080',
  'api.a.example',
  'x.y.a.example:',
  'a.example.',
  'else',
  '.a.example',
)
const headers = fc.array(
  fc.tuple(
    fc.constantFrom('X-A', 'x_b', 'accept'),
    fc.constantFrom('one', 'a b', '"$x",z', ' c:\\d , y', 'One', '.*', '{1}', 'onex'),
  ),
  { maxLength: 3 },
)

/** A request that some route of the table may be for. */
const request = ({ routes, listeners }: RouteTable) =>
  fc.record({
    route: fc.integer({ min: 0, max: Math.max(0, routes.length - 1) }),
    listener: fc.integer({ min: 0, max: listeners.length - 1 }),
    method: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'DELETE'),
    host: hosts,
    end: ends,
    query: queries,
    headers,
    fitting: fc.boolean(),
  })

/** What conditions want, so that they are met often enough. */
function fittingHeaders(conditions: readonly Condition[]): readonly (readonly [string, string])[] {
  return conditions.flatMap((each): readonly (readonly [string, string])[] =>
    'is' in each ? [[each.name, `${each.is}, other`] as const] : each.present ? [[each.name, 'one'] as const] : [],
  )
}

await t.test('any request goes where the rule says that it goes, with the same path', async (t) => {
  const seen = new Map<string, number>()
  const property = fc.asyncProperty(
    anyTable(ports).chain((any) => {
      const table = telling(any)
      return fc.tuple(fc.constant(table), fc.array(request(table), { minLength: 25, maxLength: 25 }))
    }),
    async ([table, requests]) => {
      await using _nginx = await serveTable(table)
      for (const { route: index, listener: at, end, fitting, ...asked } of requests) {
        const route = table.routes[index]
        const match = fitting ? route?.match : undefined
        const own = table.listeners.find(({ client }) => client !== undefined && match?.clients.includes(client))
        const listener = own ?? table.listeners[at]
        const ending = match && match.path.kind !== 'prefix' ? (end.length % 2 ? '/' : '') : end
        const target = `${pathOf(route)}${ending}` || '/'
        const query = match?.query.length
          ? `?${match.query.flatMap((each) => ('is' in each ? `${each.name}=${each.is}` : each.present ? each.name : [])).join('&')}`
          : asked.query
        const one: RoutedRequest = {
          client: listener?.client,
          method: match?.methods[0] ?? asked.method,
          host: match?.hosts[0]?.replace('*', 'any') ?? asked.host,
          target: (target.startsWith('/') ? target : `/${target}`) + query,
          headers: match ? fittingHeaders(match.headers) : asked.headers,
        }
        const host = ['Host', one.host ?? ''] as const
        const answer = await rawRequest(
          listener?.port ?? 0,
          `${one.method} ${one.target}`,
          [host, ...(one.headers ?? [])],
          {
            address: listener?.address ?? '',
          },
        )
        // A path above the root, and one with "#", nginx refuses as it is: the rule knows neither.
        const odd = one.target.includes('#') || (answer.status === 400 && /\.\.|%2e/i.test(one.target))
        const decision = odd ? ({ kind: 'refused' } as const) : decide(table, one)
        seen.set(decision.kind, (seen.get(decision.kind) ?? 0) + 1)
        const told = `${listener?.name} ${JSON.stringify(one)} gave ${JSON.stringify(answer)}`
        switch (decision.kind) {
          case 'refused':
            if (answer.status !== 400) throw new Error(`not refused: ${told}`)
            break
          case 'no-route':
            if (answer.status !== 404 || (one.method !== 'HEAD' && answer.body !== noRoute.body))
              throw new Error(`routed: ${told}`)
            break
          case 'answered': {
            const { action, name } = decision.route
            const right =
              action.kind === 'redirect'
                ? answer.status === action.status && header(answer, 'location') !== undefined
                : answer.status === 299 && (one.method === 'HEAD' || answer.body === name)
            if (!right) throw new Error(`not answered by ${name}: ${told}`)
            break
          }
          case 'routed': {
            const last = echo.seen.at(-1)
            const path = plain(last?.url ?? '')
            if (
              answer.status !== 200 ||
              last?.headers['x-route'] !== decision.route.name ||
              path !== plain(decision.target)
            )
              throw new Error(`not by ${decision.route.name} as ${decision.target}: ${told}`)
          }
        }
      }
    },
  )
  await fc.assert(property, { numRuns: 40, endOnFailure: true, includeErrorInReport: true })
  for (const kind of ['routed', 'answered', 'no-route', 'refused'])
    t.ok((seen.get(kind) ?? 0) > 20, `${kind} ${seen.get(kind)}`)
})

/** Letters and digits mean the same whether they are escaped or not. */
function plain(path: string): string {
  return path.replace(/^[^?]*/, (before) =>
    before.replace(/%(2d|2e|5f|7e|[46][1-9a-f]|[57][0-9a]|3[0-9])/gi, (escaped) => decodeURIComponent(escaped)),
  )
}

await t.test('a path goes on in its normal form, with the escapes that it came with', async (t) => {
  const [port = 0] = ports
  await using _nginx = await serveTable(plainTable(port, [plainRoute('/', 's')], { s: endpoints }))
  const part = fc.constantFrom(
    'a',
    'b.c',
    '',
    '',
    '.',
    '..',
    '%2e',
    '.%2E',
    '..;',
    '.;q',
    '%2e%2e;x',
    '%20',
    'x%2Bc',
    '%2f',
    '...',
    '%41',
  )
  const path = fc.array(part, { minLength: 1, maxLength: 9 }).map((parts) => `/a/b/c/d/${parts.join('/')}`)
  const query = fc.constantFrom('', '?', '?a=//../b', '?x=%2f')
  let tidied = 0
  const property = fc.asyncProperty(path, query, async (asked, more) => {
    const { status } = await rawRequest(port, `GET ${asked}${more}`)
    const wanted = normalPath(asked)
    const seen = plain(echo.seen.at(-1)?.url ?? '')
    // nginx refuses more than the rule does, and never less: see docs/nginx.md.
    if (status === 400 ? wanted !== undefined && !/\.\.|%2e|;/i.test(asked) : seen !== plain(`${wanted}${more}`))
      throw new Error(`${asked} gave ${status} ${seen}, not ${wanted}`)
    if (status === 200) tidied += 1
  })
  await fc.assert(property, { numRuns: 500, endOnFailure: true, includeErrorInReport: true })
  t.ok(tidied > 100, `${tidied} of 500`)
})

await t.test('the parts of a template go on escaped as they came', async (t) => {
  const [port = 0] = ports
  const rewrite = (to: string) => ({ kind: 'rewrite' as const, to })
  const of = (name: string, path: string, to: string, kind: 'template' | 'prefix' | 'exact' = 'template') =>
    plainRoute('/', 's', { name, match: { path: { kind, path } }, path: rewrite(to) })
  const table = plainTable(
    port,
    [
      of('a', '/t/{a}/x/{b}', '/{b}/and/{a}/{a}'),
      of('b', '/p/q', '/new', 'prefix'),
      of('c', '/root', '/', 'prefix'),
      of('d', '/one', '/two', 'exact'),
    ],
    { s: endpoints },
  )
  await using _nginx = await serveTable(table)
  for (const [target, becomes] of [
    ['/t/1%202/x/%E4%B8%AD?q=%20', '/%E4%B8%AD/and/1%202/1%202?q=%20'],
    ['/t//$host/x/a+b%3F/', '/a+b%3F/and/$host/$host'],
    ['/p/q', '/new'],
    ['/p/q/', '/new/'],
    ['/p//q/a%2Bb?', '/new/a%2Bb?'],
    ['/root', '/'],
    ['/root/', '/'],
    ['/root/x/', '/x/'],
    ['/one/', '/two'],
  ] as const) {
    t.equal((await rawRequest(port, `GET ${target}`)).status, 200, target)
    t.equal(echo.seen.at(-1)?.url, becomes, target)
  }
})

await t.test("nothing that a client sends gets to a place that is only the gateway's own", async (t) => {
  const [port = 0] = ports
  const required = { kind: 'required', authenticator: 'nobody', permissions: [] } as const
  const table = plainTable(port, [plainRoute('/in', 's', { policy: { access: required } })], { s: endpoints })
  await using _nginx = await serveTable(table)
  const before = echo.seen.length
  for (const target of [
    'heddle-r0',
    '/heddle-r0',
    '//heddle-r0',
    '//heddle-400',
    'http://heddle-r0',
    'http://x/heddle-r0',
    '@heddle_edge_r0',
    '*',
  ])
    t.ok([400, 404].includes((await rawRequest(port, `GET ${target}`)).status), target)
  t.equal(echo.seen.length, before)
})

await t.test('an instance cannot lead to another route', async (t) => {
  const [port = 0] = ports
  await using sly = await new Echo().start()
  sly.answers = { 'x-accel-redirect': 'heddle-r0' }
  const table = plainTable(port, [plainRoute('/a', 'secret'), plainRoute('/b', 'sly')], {
    secret: endpoints,
    sly: [plainEndpoint(sly.port)],
  })
  await using _nginx = await serveTable(table)
  const before = echo.seen.length
  t.equal((await rawRequest(port, 'GET /b')).status, 200)
  t.equal(echo.seen.length, before)
})

await t.test('conditions look at the first value, whole, and as it came', async (t) => {
  const [port = 0] = ports
  const of = (name: string, path: string, match: Partial<Route['match']>) =>
    plainRoute(path, '', {
      name,
      match,
      action: { kind: 'answer', status: 299, contentType: 'text/plain', body: name },
    })
  const table = plainTable(
    port,
    [
      of('is', '/h', { headers: [{ name: 'x-a', is: 'one' }] }),
      of('there', '/h', { headers: [{ name: 'x-b', present: true }] }),
      of('neither', '/h', {
        headers: [
          { name: 'x-b', present: false },
          { name: 'x-a', present: false },
        ],
        methods: ['GET'],
      }),
      of('q', '/q', { query: [{ name: 'q.', is: 'o%6e' }] }),
      of('empty', '/q', { query: [{ name: 'e', is: '' }] }),
      of('without', '/q', { query: [{ name: 'q.', present: false }] }),
    ],
    {},
  )
  await using _nginx = await serveTable(table)
  const headers = ['one', 'onex', ' one ,two', 'two, one', 'One', 'one two', 'x one'].flatMap((value) => [
    [['X-A', value]] as const,
    [
      ['X-B', value],
      ['x-a', value],
    ] as const,
    [
      ['X-A', 'one'],
      ['X-A', value],
    ] as const,
    [
      ['X-A', value],
      ['X-A', 'one'],
    ] as const,
  ])
  const queries = [
    'q.=o%6e',
    'q.=o%6e&q.=x',
    'q.=x&q.=o%6e',
    'qx=o%6e',
    'Q.=o%6e',
    'q.=o%6E',
    'q.=o%6ex',
    'a=b&q.=o%6e',
    'xq.=o%6e',
  ].concat('e', 'e=', 'e=1', 'e&e=1', 'e=1&e', 'q.', 'q.=&e', '', '&&', 'a=q.=o%6e', 'q.=on')
  const requests = [
    ...headers.map((own) => ({ target: '/h', headers: own })),
    ...queries.map((query) => ({ target: `/q?${query}`, headers: [] })),
  ]
  for (const request of requests) {
    const decision = decide(table, { method: 'GET', host: 'x', ...request })
    const answer = await rawRequest(port, `GET ${request.target}`, [['Host', 'x'], ...request.headers])
    t.equal(
      answer.status === 299 ? answer.body : answer.status,
      'route' in decision ? decision.route.name : 404,
      JSON.stringify(request),
    )
  }
})
