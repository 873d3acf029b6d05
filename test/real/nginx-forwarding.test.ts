import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import {
  badRequest,
  headersTooLarge,
  noInstance,
  noSuchMethod,
  noWebsocket,
  pathTooLong,
  tooLarge,
} from '#control-plane/routing/answers.ts'
import type { Action, Service } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { Echo, exchange, header, rawRequest, readAnswer, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainRoute, plainService, plainTable } from '#test/support/routing/route-tables.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const port = await freePort()
await using echo = await new Echo().start()
await using other = await new Echo().start()
const to = (...echoes: readonly Echo[]) => echoes.map((each) => plainEndpoint(each.port))

await t.test('several services get their shares, those without instances too', async (t) => {
  const choices = [
    { service: 'a', weight: 700 },
    { service: 'b-*', weight: 200 },
    { service: 'none', weight: 100 },
  ]
  const routes = [plainRoute('/', '', { choices })]
  await using _nginx = await serveTable(plainTable(port, routes, { a: to(echo), 'b-*': to(other), none: [] }))
  const before = [echo.seen.length, other.seen.length]
  const requests = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)
  const last = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  for (let round = 0; round < 20; round += 1) await exchange(port, requests + last)
  const [a = 0, b = 0] = [echo.seen.length - (before[0] ?? 0), other.seen.length - (before[1] ?? 0)]
  const all = 20 * 101
  t.ok(Math.abs(a - 0.7 * all) < 0.05 * all, `${a} of ${all}`)
  t.ok(Math.abs(b - 0.2 * all) < 0.05 * all, `${b} of ${all}`)
  t.ok(Math.abs(all - a - b - 0.1 * all) < 0.05 * all, `${all - a - b} of ${all} to none`)
})

await t.test('copies go to another service, and nobody waits for or sees what it answers', async (t) => {
  const hanging = Number(new URL(await answering(t, () => {})).port)
  const mirror = (service: string, percent: number) => ({ mirror: { service, percent } })
  const routes = [
    plainRoute('/all', 'a', { ...mirror('copy', 100), path: 'strip' }),
    plainRoute('/some', 'a', mirror('copy', 30)),
    plainRoute('/hanging', 'a', { ...mirror('hanging', 100), timeoutMs: 1_000 }),
    plainRoute('/nobody', 'a', mirror('none', 100)),
  ]
  const services = { a: to(echo), copy: to(other), hanging: [plainEndpoint(hanging)], none: [] }
  await using _nginx = await serveTable(plainTable(port, routes, services))
  const before = other.seen.length
  const body = { body: 'hello' }
  t.match(
    JSON.parse(
      (
        await rawRequest(
          port,
          'POST /all/x?y',
          [
            ['Host', 'x'],
            ['Content-Length', '5'],
          ],
          body,
        )
      ).body,
    ),
    {
      url: '/x?y',
      ...body,
    },
  )
  await waitFor(() => other.seen.length, { what: 'the copy', withinMs: 20_000, until: (count) => count === before + 1 })
  t.match(other.seen.at(-1), { method: 'POST', url: '/x?y', headers: { host: 'x' }, ...body })
  const requests = 300
  for (let round = 0; round < requests; round += 1) await rawRequest(port, 'GET /some')
  const copies = other.seen.length - before - 1
  t.ok(copies > 0.15 * requests && copies < 0.45 * requests, `${copies} of ${requests}`)
  t.equal((await rawRequest(port, 'GET /hanging')).status, 200)
  t.equal((await rawRequest(port, 'GET /nobody')).status, 200)
})

await t.test('answers and redirects say what the table says', async (t) => {
  const answer = (status: number, body = 'a "$host" {}\n'): Action => ({
    kind: 'answer',
    status,
    contentType: 'text/plain',
    body,
  })
  const redirect = (parts: Partial<Extract<Action, { kind: 'redirect' }>>): Action => ({
    kind: 'redirect',
    status: 302,
    scheme: undefined,
    host: undefined,
    port: undefined,
    path: undefined,
    ...parts,
  })
  const long = '中$"'.repeat(600)
  const routes = [
    plainRoute('/teapot', '', { action: answer(418) }),
    plainRoute('/moved', '', { action: answer(301) }),
    plainRoute('/empty', '', { action: answer(404, '') }),
    plainRoute('/long', '', { action: answer(200, long) }),
    plainRoute('/to/host', '', { action: redirect({ host: 'new.example', status: 308 }) }),
    plainRoute('/to/port', '', { action: redirect({ port: 8443, scheme: 'https' }) }),
    plainRoute('/to/path', '', { action: redirect({ path: '/new', status: 301 }) }),
    plainRoute('/to/scheme', '', { action: redirect({ scheme: 'https' }) }),
  ]
  await using _nginx = await serveTable(plainTable(port, routes, {}))
  t.match(await rawRequest(port, 'GET /teapot'), { status: 418, body: 'a "$host" {}\n' })
  t.equal(header(await rawRequest(port, 'GET /teapot'), 'content-type'), 'text/plain')
  t.match(await rawRequest(port, 'GET /moved'), { status: 301, body: 'a "$host" {}\n' })
  t.equal(header(await rawRequest(port, 'GET /moved'), 'location'), undefined)
  t.match(await rawRequest(port, 'GET /empty'), { status: 404, body: '' })
  t.equal(Buffer.from((await rawRequest(port, 'GET /long')).body, 'latin1').toString(), long)
  for (const [path, host, status, location] of [
    ['/to/host//x%20y/?a=%2f', 'old.example:81', 308, 'http://new.example/to/host/x%20y/?a=%2f'],
    ['/to/port', 'Old.example:81', 302, 'https://Old.example:8443/to/port'],
    ['/to/path/x?y', 'old.example:81', 301, 'http://old.example:81/new?y'],
    ['/to/scheme', 'old.example:80', 302, 'https://old.example/to/scheme'],
    ['/to/scheme', 'old.example:81', 302, 'https://old.example:81/to/scheme'],
  ] as const) {
    const given = await rawRequest(port, `GET ${path}`, [['Host', host]])
    t.strictSame([given.status, header(given, 'location')], [status, location], path)
  }
})

await t.test('headers are set and taken off as a route says, and no other route knows of it', async (t) => {
  const rules = {
    requestHeaders: {
      set: [
        { name: 'x-set', value: '$host "q" {1};' },
        { name: 'authorization', value: '' },
      ],
      remove: ['cookie', 'x-given'],
    },
    responseHeaders: {
      set: [
        { name: 'content-type', value: 'text/html' },
        { name: 'x-answer', value: '$1; "a"' },
      ],
      remove: ['x-secret'],
    },
  }
  const routes = [
    plainRoute('/ruled', 'a', { policy: rules }),
    plainRoute('/plain', 'a'),
    plainRoute('/gone', 'none', { policy: rules }),
  ]
  await using _nginx = await serveTable(plainTable(port, routes, { a: to(echo), none: [] }))
  echo.answers = { 'x-secret': 'yes', 'x-answer': 'theirs', 'x-request-id': 'theirs' }
  const given = [
    ['Host', 'h'],
    ['Cookie', 'a=b'],
    ['X-Given', 'x'],
    ['X-Set', 'mine'],
    ['Authorization', 'b'],
    ['traceparent', '00-aa-bb-01'],
  ] as const
  const ruled = await rawRequest(port, 'GET /ruled', given)
  const { headers = {} } = echo.seen.at(-1) ?? {}
  t.match(headers, { 'x-set': '$host "q" {1};', traceparent: '00-aa-bb-01', host: 'h', 'x-forwarded-for': '127.0.0.1' })
  for (const name of ['cookie', 'x-given', 'authorization']) t.notOk(name in headers, name)
  t.equal(header(ruled, 'x-secret'), undefined)
  t.strictSame(
    ruled.headers.filter(([name]) => name === 'x-answer'),
    [['x-answer', '$1; "a"']],
  )
  t.strictSame(
    ruled.headers.filter(([name]) => name === 'content-type'),
    [['content-type', 'text/html']],
  )
  t.equal(ruled.headers.filter(([name]) => name === 'x-request-id').length, 1)
  const plain = await rawRequest(port, 'GET /plain', given)
  t.match(echo.seen.at(-1)?.headers, { 'x-set': 'mine', cookie: 'a=b', 'x-given': 'x' })
  t.strictSame(
    [header(plain, 'x-secret'), header(plain, 'x-answer'), header(plain, 'content-type')],
    ['yes', 'theirs', 'application/json'],
  )
  const gone = await rawRequest(port, 'GET /gone')
  t.strictSame(
    gone.headers.filter(([name]) => name === 'content-type'),
    [['content-type', noInstance.contentType]],
  )
  t.equal(header(gone, 'x-answer'), '$1; "a"', 'where nobody could be asked, too')
  echo.answers = {}
})

await t.test('what nginx refuses by itself it refuses in our words', async (t) => {
  const routes = [
    plainRoute('/small', 'a', { policy: { maxBodyBytes: 10 } }),
    plainRoute('/big', 'a'),
    plainRoute('/quiet', 'a', { websocket: false }),
  ]
  await using _nginx = await serveTable(plainTable(port, routes, { a: to(echo) }))
  const length = (count: number) =>
    [
      ['Host', 'x'],
      ['Content-Length', String(count)],
    ] as const
  t.equal((await rawRequest(port, 'POST /small', length(10), { body: '0123456789' })).status, 200)
  const before = echo.seen.length
  t.match(await rawRequest(port, 'POST /small', length(11), { body: '0123456789a' }), {
    status: 413,
    body: tooLarge.body,
  })
  const chunked = [
    ['Host', 'x'],
    ['Transfer-Encoding', 'chunked'],
  ] as const
  t.match(await rawRequest(port, 'POST /small', chunked, { body: 'b\r\n0123456789a\r\n0\r\n\r\n' }), {
    status: 413,
    body: tooLarge.body,
  })
  t.equal(echo.seen.length, before)
  t.equal((await rawRequest(port, 'POST /big', length(11), { body: '0123456789a' })).status, 200)
  const upgrade = [
    ['Host', 'x'],
    ['Upgrade', 'WebSocket'],
    ['Connection', 'Upgrade'],
  ] as const
  t.match(await rawRequest(port, 'GET /quiet', upgrade), { status: 403, body: noWebsocket.body })
  t.equal(
    (
      await rawRequest(port, 'GET /quiet', [
        ['Host', 'x'],
        ['Upgrade', 'h2c'],
      ])
    ).status,
    200,
  )
  for (const [line, more, answer] of [
    ['TRACE /big', [['Host', 'x']], noSuchMethod],
    [`GET /${'x'.repeat(40_000)}`, [['Host', 'x']], pathTooLong],
    [
      'GET /big',
      [
        ['Host', 'x'],
        ['X-Long', 'y'.repeat(40_000)],
      ],
      headersTooLarge,
    ],
    ['G?T /big', [['Host', 'x']], badRequest],
    ['GET /%zz', [['Host', 'x']], badRequest],
    ['GET /big', [['Host', 'a b']], badRequest],
    ['GET /big', [], badRequest],
    [
      'POST /big',
      [
        ['Host', 'x'],
        ['Transfer-Encoding', 'gzip'],
      ],
      badRequest,
    ],
  ] as const) {
    const given = await rawRequest(port, line, more)
    t.match(given, { status: answer.status, body: answer.body }, line.slice(0, 40))
    t.equal(header(given, 'content-type'), answer.contentType)
  }
})

await t.test(
  'an answer may take its time as long as it speaks, and a stream may be silent for longer than a request',
  async (t) => {
    const url = await answering(t, (_, response) => {
      response.write('begun ')
      setTimeout(() => response.end('done'), 1_500)
    })
    const services = { s: [plainEndpoint(Number(new URL(url).port))] }
    const routes = [plainRoute('/stream', 's', { timeoutMs: undefined }), plainRoute('/short', 's', { timeoutMs: 300 })]
    await using _nginx = await serveTable(plainTable(port, routes, services))
    t.equal((await rawRequest(port, 'GET /stream')).body, 'begun done')
    t.not((await rawRequest(port, 'GET /short').catch(() => ({ body: '' }))).body, 'begun done')
  },
)

await t.test('a WebSocket may be silent for longer than its route lets an answer be', async (t) => {
  const silent = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.on('data', (part) => socket.end(part))
    })
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const services = { s: [plainEndpoint((silent.address() as AddressInfo).port)] }
  const choices = [
    { service: 's', weight: 2 },
    { service: 's', weight: 1 },
  ]
  const routes = [plainRoute('/', 's', { timeoutMs: 200 }), plainRoute('/lots', '', { timeoutMs: 200, choices })]
  await using _nginx = await serveTable(plainTable(port, routes, services))
  const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  for (const path of ['/', '/lots']) {
    const socket = connect(port, '127.0.0.1', () => socket.write(line(path)))
    let seen = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      // Much longer than the route's timeout.
      if (seen === '') setTimeout(() => socket.write('hello'), 1_500)
      seen += part
    })
    await once(socket, 'close')
    t.match(seen, /^HTTP\/1.1 101 [\s\S]*\r\n\r\nhello$/, path)
  }
})

const balance = (balance: Service['balance'], ...endpoints: Service['endpoints']) => ({
  ...plainService,
  balance,
  endpoints,
})

await t.test('every balance calls all instances, but ip hash one for each address', async (t) => {
  const [dead = 0] = await freePorts(1)
  const pair = to(echo, other)
  const routes = ['rr', 'least', 'random', 'hash', 'full', 'hash-last'].map((name) =>
    plainRoute(`/${name}`, name, { retries: 0 }),
  )
  const last = plainEndpoint(dead, { priority: 1 })
  const table = plainTable(
    port,
    routes,
    {
      rr: balance('round_robin', ...pair),
      least: balance('least_request', ...pair),
      random: balance('random', ...pair),
      hash: balance('ip_hash', ...pair),
      'hash-last': balance('ip_hash', ...pair, last),
      full: { ...balance('round_robin', ...to(echo)), maxConnections: 1 },
    },
    { trustedProxies: ['127.0.0.1'] },
  )
  await using _nginx = await serveTable(table)
  const calledBy = async (path: string, count: number, from: (index: number) => string) => {
    const before = [echo.seen.length, other.seen.length] as const
    for (let index = 0; index < count; index += 1)
      await rawRequest(port, `GET ${path}`, [
        ['Host', 'x'],
        ['X-Forwarded-For', from(index)],
      ])
    return [echo.seen.length - before[0], other.seen.length - before[1]]
  }
  const same = () => '203.0.113.7'
  for (const path of ['/rr', '/least', '/random']) {
    const [a = 0, b = 0] = await calledBy(path, 60, same)
    t.ok(a + b === 60 && a > 10 && b > 10, `${path}: ${a} and ${b}`)
  }
  for (const path of ['/hash', '/hash-last']) {
    t.strictSame((await calledBy(path, 20, same)).toSorted(), [0, 20], path)
    const [a = 0, b = 0] = await calledBy(path, 60, (index) => `203.0.113.${index}`)
    t.ok(a > 5 && b > 5 && a + b === 60, `${path}: ${a} and ${b}`)
  }
  t.equal((await rawRequest(port, 'GET /full')).status, 200)
})

await t.test('where no connection is free, the words are those for no instance', async (t) => {
  let release: (() => void) | undefined
  const url = await answering(t, (_, response) => {
    release = () => response.end('ok')
  })
  const full = { ...plainService, maxConnections: 1, endpoints: [plainEndpoint(Number(new URL(url).port))] }
  await using _nginx = await serveTable(plainTable(port, [plainRoute('/', 's', { timeoutMs: 20_000 })], { s: full }))
  const first = rawRequest(port, 'GET /')
  await waitFor(() => release, { what: 'the first request', withinMs: 20_000, until: (seen) => seen !== undefined })
  await waitFor(() => rawRequest(port, 'GET /'), {
    what: 'a full service',
    withinMs: 20_000,
    until: ({ status, body }) => status === 503 && body === noInstance.body,
  })
  release?.()
  t.equal((await first).status, 200)
})

await t.test(
  'an instance that speaks TLS must show the name, by an authority that is believed',
  { skip: await noCertificates() },
  async (t) => {
    await using folder = await temporaryFolder('upstream-tls')
    const good = await certificate(folder.path, 'good', ['crm.internal'])
    const bad = await certificate(folder.path, 'bad', ['crm.internal'])
    const names: string[] = []
    const server = createServer(
      {
        cert: await readFile(good.cert),
        key: await readFile(good.key),
        SNICallback: (name, done) => {
          names.push(name)
          done(null)
        },
      },
      ({ url }, response) => response.end(url),
    ).listen(0, '127.0.0.1')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    await once(server, 'listening')
    const endpoints = [plainEndpoint((server.address() as AddressInfo).port)]
    const table = plainTable(
      port,
      ['right', 'misnamed', 'unknown'].map((name) => plainRoute(`/${name}`, name, { path: 'strip' })),
      {
        right: { endpoints, tls: { name: 'crm.internal', ca: good.cert } },
        misnamed: { endpoints, tls: { name: 'else.internal', ca: good.cert } },
        unknown: { endpoints, tls: { name: 'crm.internal', ca: bad.cert } },
      },
    )
    await using _nginx = await serveTable(table)
    t.match(await rawRequest(port, 'GET /right/x'), { status: 200, body: '/x' })
    t.ok(names.includes('crm.internal'))
    for (const path of ['/misnamed', '/unknown']) t.equal((await rawRequest(port, `GET ${path}`)).status, 503, path)
  },
)

await t.test('the log tells whose request it was', async (t) => {
  await using folder = await temporaryFolder('log')
  const access = join(folder.path, 'access.log')
  await writeFile(access, '', { mode: 0o666 })
  const authorizer = new URL(
    await answering(t, (_, response) => response.writeHead(200, { 'x-heddle-subject': 'jane "$x"' }).end()),
  ).host
  const base = plainTable(
    port,
    [plainRoute('/', 's', { policy: { access: { kind: 'required', authenticator: 'z', permissions: [] } } })],
    { s: to(echo) },
    {
      logs: { access, attempts: undefined },
      authorizer,
      authenticators: [
        {
          kind: 'external',
          name: 'z',
          source: 'a:1',
          permissionsClaim: 'p',
          service: 's',
          path: '/',
          timeoutMs: 1000,
          cacheMs: 0,
        },
      ],
    },
  )
  const [listener] = base.listeners
  const table = { ...base, listeners: listener ? [{ ...listener, client: 'web' }] : [] }
  {
    await using _nginx = await serveTable(table)
    await rawRequest(port, 'GET /x')
    readAnswer(await exchange(port, 'NONSENSE\r\n\r\n'))
  }
  const lines = (await readFile(access, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(lines[0], {
    client: '127.0.0.1',
    client_id: 'web',
    user_id: 'jane "$x"',
    route: 'root',
    service: 's',
    status: 200,
  })
  t.match(lines[1], { status: 400, route: '', service: '' })
})
