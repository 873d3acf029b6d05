import fc from 'fast-check'
import t from 'tap'
import { cannotCheck, noPermission, noToken, tooMany } from '#control-plane/routing/answers.ts'
import type { Access, Action, Authenticator, Rate, RoutePolicy, RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { Echo, header, rawRequest, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(120_000)

const authenticator: Authenticator = {
  kind: 'external',
  name: 'zervi',
  source: 'auth.yaml:1',
  permissionsClaim: 'permissions',
  service: 's',
  path: '/verify',
  timeoutMs: 500,
  cacheMs: 0,
}
const required = (...permissions: string[]): Access => ({ kind: 'required', authenticator: 'zervi', permissions })

await using echo = await new Echo().start()
const services = { s: [plainEndpoint(echo.port)], none: [] }

/** The agent beside the proxy, as it is asked: a token is its own answer. */
async function authorizer(t: { teardown(end: () => void): void }): Promise<{ address: string; asked: object[] }> {
  const asked: object[] = []
  const url = await answering(t, ({ url, method, headers }, response) => {
    asked.push({ url, method, ...headers })
    const [, status = '401', subject = ''] = /^Bearer (\d+) ?(.*)$/.exec(headers.authorization ?? '') ?? []
    response.writeHead(Number(status), { 'content-length': 0, ...(subject && { 'x-heddle-subject': subject }) }).end()
  })
  return { address: new URL(url).host, asked }
}

const withToken = (token: string, ...more: (readonly [string, string])[]) =>
  [['Host', 'x'], ['Authorization', `Bearer ${token}`], ...more] as const

await t.test('who has no valid token does not come in, whatever the route does', async (t) => {
  const { address, asked } = await authorizer(t)
  const port = await freePort()
  const answer: Action = { kind: 'answer', status: 200, contentType: 'text/plain', body: 'secret' }
  const moved: Action = { kind: 'answer', status: 301, contentType: 'text/plain', body: 'secret' }
  const redirect: Action = {
    kind: 'redirect',
    status: 302,
    scheme: undefined,
    host: undefined,
    port: undefined,
    path: '/secret',
  }
  const policy = { access: required('a:b', 'c') }
  const table = plainTable(
    port,
    [
      plainRoute('/forward', 's', { policy }),
      plainRoute('/none', 'none', { policy }),
      plainRoute('/answer', '', { policy, action: answer }),
      plainRoute('/moved', '', { policy, action: moved }),
      plainRoute('/redirect', '', { policy, action: redirect }),
      plainRoute('/open', 's'),
    ],
    services,
    { authorizer: address, authenticators: [authenticator] },
  )
  await using _nginx = await serveTable(table)
  for (const path of ['/forward', '/none', '/answer', '/moved', '/redirect']) {
    const before = echo.seen.length
    for (const [token, answer] of [
      ['', noToken],
      ['401', noToken],
      ['403', noPermission],
      ['503', cannotCheck],
      ['404', cannotCheck],
      ['302', cannotCheck],
    ] as const) {
      const given = await rawRequest(port, `GET ${path}/x?y`, token === '' ? undefined : withToken(token))
      t.match(given, { status: answer.status, body: answer.body }, `${path} with ${token}`)
      t.equal(header(given, 'content-type'), answer.contentType)
      t.equal(header(given, 'www-authenticate'), answer === noToken ? 'Bearer' : undefined)
    }
    t.equal(echo.seen.length, before)
  }
  t.match(asked.at(-1), {
    url: '/authorize',
    method: 'GET',
    'x-heddle-gateway': 'edge',
    'x-heddle-authenticator': 'zervi',
    'x-heddle-permissions': 'a:b c',
    authorization: 'Bearer 302',
  })
  const given = [
    ['X-Heddle-Subject', 'root'],
    ['x_heddle_subject', 'root'],
    ['X-Heddle-Permissions', 'all'],
    ['X-Client-Id', 'root'],
    ['x_client-id', 'root'],
  ] as const
  t.equal(
    (await rawRequest(port, 'POST /forward', withToken('200 jane', ...given, ['Content-Length', '2']), { body: 'hi' }))
      .status,
    200,
  )
  t.match(echo.seen.at(-1), { body: 'hi', headers: { 'x-heddle-subject': 'jane', authorization: 'Bearer 200 jane' } })
  const names = Object.keys(echo.seen.at(-1)?.headers ?? {})
  t.strictSame(
    names.filter((name) => /^x[-_](?:heddle|client)/.test(name)),
    ['x-heddle-subject'],
  )
  t.equal((await rawRequest(port, 'GET /answer', withToken('200'))).body, 'secret')
  t.match(await rawRequest(port, 'GET /moved', withToken('200')), { status: 301, body: 'secret' })
  t.equal(header(await rawRequest(port, 'GET /redirect', withToken('200')), 'location'), 'http://x/secret')
  t.equal((await rawRequest(port, 'GET /none', withToken('200'))).status, 503)
  await rawRequest(port, 'GET /open', [['Host', 'x'], ...given])
  t.notOk(Object.keys(echo.seen.at(-1)?.headers ?? {}).some((name) => /^x[-_](?:heddle|client)/.test(name)))
})

await t.test('where nobody can tell whether a token is valid, nobody comes in', async (t) => {
  const [port = 0, nobody = 0] = await freePorts(2)
  const hanging = new URL(await answering(t, () => {})).host
  for (const address of [`127.0.0.1:${nobody}`, hanging]) {
    const table = plainTable(port, [plainRoute('/', 's', { policy: { access: required() } })], services, {
      authorizer: address,
      authenticators: [authenticator],
    })
    await using _nginx = await serveTable(table)
    const before = echo.seen.length
    t.match(await rawRequest(port, 'GET /', withToken('200')), { status: 503, body: cannotCheck.body }, address)
    t.equal(echo.seen.length, before)
  }
  const table = plainTable(port, [plainRoute('/', 's', { policy: { access: required() } })], services)
  await using _nginx = await serveTable(table)
  t.match(
    await rawRequest(port, 'GET /', withToken('200')),
    { status: 503, body: cannotCheck.body },
    'no authenticator',
  )
})

await t.test('no table opens a route that asks for authentication', async (t) => {
  const ports = await freePorts(2)
  const nobody = `127.0.0.1:${await freePort()}`
  const ready = (table: RouteTable): RouteTable => ({
    ...table,
    logs: { access: undefined, attempts: undefined },
    authorizer: nobody,
    healthPath: undefined,
    listeners: table.listeners.map((each) => ({ ...each, redirectToHttps: undefined, proxyProtocol: false })),
    routes: table.routes.map((route, index) => ({
      ...route,
      // Each route has a path of its own, so that it is known which one is asked.
      match: {
        ...route.match,
        hosts: [],
        clients: [],
        path: { kind: 'prefix', path: `/r${index}` },
        headers: [],
        query: [],
      },
      action:
        route.action.kind === 'forward' ? { ...route.action, path: { kind: 'keep' }, mirror: undefined } : route.action,
      policy: { ...route.policy, access: index % 3 === 2 ? route.policy.access : required('x') },
    })),
    services: table.services.map((service) => ({ ...service, tls: undefined, endpoints: [plainEndpoint(echo.port)] })),
  })
  const allowed = new Set([400, 403, 405, 413, 429, 503])
  const property = fc.asyncProperty(anyTable(ports), async (any) => {
    const table = ready(any)
    await using _nginx = await serveTable(table)
    const [listener] = table.listeners
    for (const [index, { match, policy, action }] of table.routes.entries()) {
      if (policy.access.kind === 'open') continue
      const before = echo.seen.length
      for (const method of [...new Set([...match.methods, 'GET', 'POST', 'OPTIONS'])]) {
        if (match.methods.length > 0 && !match.methods.includes(method)) continue
        for (const more of [[], [['Authorization', 'Bearer 200']], [['Upgrade', 'websocket']]] as const) {
          const answer = await rawRequest(listener?.port ?? 0, `${method} /r${index}/x`, [['Host', 'x'], ...more], {
            address: listener?.address ?? '',
          })
          if (!allowed.has(answer.status) || echo.seen.length > before || header(answer, 'location'))
            throw new Error(`${method} /r${index} (${action.kind}) gave ${JSON.stringify(answer)}`)
        }
      }
    }
  })
  await fc.assert(property, { numRuns: 20, endOnFailure: true, includeErrorInReport: true })
  t.pass()
})

const limited = (rate: Rate): Partial<RoutePolicy> => ({ rate })

await t.test('as many come in at once as a bucket holds, and one more for each that is refilled', async (t) => {
  const [port = 0, other = 0] = await freePorts(2)
  const table = plainTable(
    port,
    [
      plainRoute('/five', 's', { policy: limited({ requests: 1, perMs: 60_000, burst: 5, by: 'route' }) }),
      plainRoute('/one', 's', { policy: limited({ requests: 1, perMs: 60_000, burst: 1, by: 'address' }) }),
      plainRoute('/lots', 's', {
        policy: limited({ requests: 1, perMs: 60_000, burst: 3, by: 'route' }),
        action: {
          kind: 'forward',
          choices: [
            { service: 's', weight: 1 },
            { service: 'none', weight: 1 },
          ],
          path: { kind: 'keep' },
          timeoutMs: 1000,
          retries: 0,
          websocket: true,
          mirror: undefined,
        },
      }),
      plainRoute('/answer', '', {
        policy: limited({ requests: 1, perMs: 60_000, burst: 2, by: 'route' }),
        action: { kind: 'answer', status: 200, contentType: 'text/plain', body: 'ok' },
      }),
      plainRoute('/unknown', 's', { policy: limited({ requests: 1, perMs: 3_600_000, burst: 2, by: 'route' }) }),
      plainRoute('/free', 's'),
    ],
    services,
    {
      listeners: [
        { ...plainListener, name: 'public', port },
        { ...plainListener, name: 'web', port: other, client: 'web' },
      ],
      clients: [{ id: 'web', rate: { requests: 1, perMs: 60_000, burst: 4, by: 'route' }, source: 'clients.yaml:1' }],
    },
  )
  await using _nginx = await serveTable(table)
  const accepted = async (path: string, times: number, at = port, from?: string) => {
    const given = await Promise.all(
      Array.from({ length: times }, () =>
        rawRequest(
          at,
          `GET ${path}`,
          from === undefined
            ? undefined
            : [
                ['Host', 'x'],
                ['X-Forwarded-For', from],
              ],
        ),
      ),
    )
    for (const answer of given) if (answer.status === 429) t.equal(answer.body, tooMany.body)
    return given.filter(({ status }) => status !== 429).length
  }
  t.equal(await accepted('/five', 12), 5)
  t.equal(await accepted('/one', 3), 1)
  t.equal(await accepted('/lots', 9), 3, 'all services of a route share its bucket')
  t.equal(await accepted('/answer', 5), 2)
  t.equal(await accepted('/free', 10), 10)
  t.match(
    await rawRequest(port, 'GET /unknown'),
    { status: 503, body: cannotCheck.body },
    'what cannot be counted is not let in',
  )
  t.equal(await accepted('/free', 9, other), 4, 'a client has a bucket of its own')
  t.equal(await accepted('/elsewhere', 3, other), 0, 'which is for all that it asks')
  t.equal(await accepted('/free', 5), 5)
})

await t.test('buckets are refilled evenly', async (t) => {
  const port = await freePort()
  const table = plainTable(
    port,
    [plainRoute('/', 's', { policy: limited({ requests: 20, perMs: 1000, burst: 10, by: 'address' }) })],
    services,
  )
  await using _nginx = await serveTable(table)
  const start = performance.now()
  let accepted = 0
  while (performance.now() - start < 4_000) {
    const given = await Promise.all(Array.from({ length: 8 }, () => rawRequest(port, 'GET /')))
    accepted += given.filter(({ status }) => status === 200).length
  }
  const spent = (performance.now() - start) / 1000
  // As much as a bucket allows for the time that it truly took, give or take what was under way at its ends.
  t.ok(Math.abs(accepted - (10 + 20 * spent)) <= 0.05 * (10 + 20 * spent) + 2, `${accepted} in ${spent} s`)
})

await t.test('pages of other origins are told what they may do, with every answer', async (t) => {
  const { address } = await authorizer(t)
  const port = await freePort()
  const cors = {
    origins: ['https://app.example.com', 'http://localhost:3000'],
    methods: ['GET', 'POST'],
    headers: ['content-type', 'x-a'],
    expose: ['x-total'],
    credentials: true,
    maxAgeS: 600,
  }
  const any = { ...cors, origins: ['*'], credentials: false, expose: [] }
  const table = plainTable(
    port,
    [
      plainRoute('/app', 's', { match: { methods: ['OPTIONS', 'POST'] }, policy: { cors, access: required() } }),
      plainRoute('/any', 's', { policy: { cors: any } }),
      plainRoute('/plain', 's'),
      plainRoute('/gone', 'none', { policy: { cors } }),
    ],
    services,
    { authorizer: address, authenticators: [authenticator] },
  )
  await using _nginx = await serveTable(table)
  const from = (origin: string, ...more: (readonly [string, string])[]) =>
    [['Host', 'x'], ['Origin', origin], ...more] as const
  const asks = ['Access-Control-Request-Method', 'POST'] as const
  const said = (answer: Awaited<ReturnType<typeof rawRequest>>) =>
    Object.fromEntries(answer.headers.filter(([name]) => name.startsWith('access-control-')))

  const preflight = await rawRequest(port, 'OPTIONS /app', from('https://app.example.com', asks))
  t.equal(preflight.status, 200)
  t.equal(preflight.body, '')
  t.strictSame(said(preflight), {
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET,POST',
    'access-control-allow-headers': 'content-type,x-a',
    'access-control-expose-headers': 'x-total',
    'access-control-max-age': '600',
  })
  // What is not allowed is not listed; the browser compares.
  t.equal((await rawRequest(port, 'OPTIONS /app', from('https://app.example.com', [asks[0], 'DELETE']))).status, 200)
  const other = await rawRequest(port, 'OPTIONS /app', from('https://APP.example.com', asks))
  t.strictSame([other.status, said(other)], [401, {}], 'another origin is asked what any request is asked')
  const wild = await rawRequest(port, 'OPTIONS /any', from('https://else.example', asks))
  t.match(said(wild), {
    'access-control-allow-origin': 'https://else.example',
    'access-control-allow-credentials': undefined,
  })

  const simple = {
    'access-control-allow-origin': 'http://localhost:3000',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-total',
  }
  const local = from('http://localhost:3000')
  t.strictSame(said(await rawRequest(port, 'POST /app', [...local, ['Authorization', 'Bearer 200']])), simple)
  const refused = await rawRequest(port, 'POST /app', local)
  t.strictSame([refused.status, said(refused)], [401, simple], 'refusals too')
  t.strictSame(said(await rawRequest(port, 'GET /gone', local)), simple, 'and where there is no instance')
  t.strictSame(said(await rawRequest(port, 'GET /plain', local)), {})
  t.strictSame(said(await rawRequest(port, 'GET /any')), {})
  echo.answers = { 'access-control-allow-origin': 'https://own.example' }
  t.strictSame(said(await rawRequest(port, 'GET /any', local)), {
    'access-control-allow-origin': 'http://localhost:3000',
  })
  t.strictSame(said(await rawRequest(port, 'GET /any')), { 'access-control-allow-origin': 'https://own.example' })
  t.strictSame(said(await rawRequest(port, 'GET /plain')), { 'access-control-allow-origin': 'https://own.example' })
  echo.answers = {}
})
