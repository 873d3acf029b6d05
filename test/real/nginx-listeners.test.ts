import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import t from 'tap'
import { serving, tooMany } from '#control-plane/routing/answers.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { Listener } from '#control-plane/routing/table.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { startGateway } from '#test/support/gateway.ts'
import { freePorts } from '#test/support/ports.ts'
import { Echo, header, rawRequest, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

await using echo = await new Echo().start()
const services = { s: [plainEndpoint(echo.port)] }
const listener = (port: number, more: Partial<Listener> = {}): Listener => ({
  ...plainListener,
  name: `port-${port}`,
  port,
  ...more,
})
const skip = await noCertificates()

/** What a TLS server shows; rejects where it shows nothing. */
async function handshake(port: number, servername?: string, options: ConnectionOptions = {}) {
  const named = servername === undefined ? {} : { servername }
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...named, ...options })
  socket.setTimeout(20_000, () => socket.destroy(new Error('no handshake')))
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  const shown = { name: String(CN), protocol: socket.getProtocol(), alpn: socket.alpnProtocol }
  socket.destroy()
  return shown
}

await t.test('each name is shown its certificate, by the protocols that are asked for', { skip }, async (t) => {
  await using folder = await temporaryFolder('tls')
  const [port = 0, strict = 0] = await freePorts(2)
  const api = await certificate(folder.path, 'api', ['api.example.com'])
  const wild = await certificate(folder.path, 'wild', ['any.example.org'])
  const others = await certificate(folder.path, 'others', ['others'])
  const long = `${'long-'.repeat(12)}name.example`
  const certificates = [
    { ...api, hosts: ['api.example.com'] },
    { ...wild, hosts: ['*.example.org', long, `*.sub.${long}`] },
    { ...others, hosts: [] },
  ]
  const table = plainTable(
    port,
    [
      plainRoute('/', 's'),
      plainRoute('/org', 's', { name: 'org', match: { hosts: ['*.example.org'] }, path: 'strip' }),
    ],
    services,
    {
      listeners: [
        listener(port, { tls: { certificates, minVersion: '1.2', http2: true } }),
        listener(strict, {
          tls: { certificates: [{ ...api, hosts: ['api.example.com'] }], minVersion: '1.3', http2: false },
        }),
      ],
    },
  )
  await using _nginx = await serveTable(table)
  const h2 = { ALPNProtocols: ['h2', 'http/1.1'] }
  t.match(await handshake(port, 'api.example.com', h2), { name: 'api.example.com', protocol: 'TLSv1.3', alpn: 'h2' })
  t.match(await handshake(port, 'x.example.org'), { name: 'any.example.org' })
  t.match(await handshake(port, long), { name: 'any.example.org' })
  t.match(await handshake(port, `x.sub.${long}`), { name: 'any.example.org' })
  t.match(await handshake(port, 'else.example'), { name: 'others' })
  t.match(await handshake(port), { name: 'others' })
  t.match(await handshake(port, 'api.example.com', { maxVersion: 'TLSv1.2' }), { protocol: 'TLSv1.2' })
  t.match(await handshake(strict, 'else.example', h2), {
    name: 'api.example.com',
    protocol: 'TLSv1.3',
    alpn: 'http/1.1',
  })
  await t.rejects(handshake(strict, 'api.example.com', { maxVersion: 'TLSv1.2' }))
  await t.rejects(handshake(port, 'api.example.com', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }))

  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername: 'x.example.org' })
  const stream = session.request({ ':path': '/org//a%20b?c', ':authority': 'x.example.org' })
  t.match(JSON.parse(await text(stream)), {
    url: '/a%20b?c',
    headers: { host: 'x.example.org', 'x-forwarded-proto': 'https' },
  })
  session.close()
  t.equal((await rawRequest(port, 'GET /')).status, 400, 'plain HTTP is refused there')
})

await t.test('everything is sent to https but the challenges of ACME and the health path', async (t) => {
  const [port = 0, open = 0] = await freePorts(2)
  const table = plainTable(port, [plainRoute('/', 's')], services, {
    healthPath: '/healthz',
    listeners: [listener(port, { redirectToHttps: 8443 }), listener(open)],
  })
  await using _nginx = await serveTable(table)
  for (const [target, host, location] of [
    ['/a//b%20c?d=e', 'h.example:80', 'https://h.example:8443/a/b%20c?d=e'],
    ['/.well-known/acme-challenge', 'h.example', 'https://h.example:8443/.well-known/acme-challenge'],
    ['/.well-known/acme-challenge/../x', 'h.example', 'https://h.example:8443/.well-known/x'],
  ] as const) {
    const answer = await rawRequest(port, `GET ${target}`, [['Host', host]])
    t.strictSame([answer.status, header(answer, 'location')], [308, location], target)
  }
  t.equal((await rawRequest(port, 'GET /.well-known/acme-challenge/token')).status, 200)
  t.equal(echo.seen.at(-1)?.url, '/.well-known/acme-challenge/token')
  t.equal((await rawRequest(port, 'GET /%2f')).status, 400)
  for (const at of [port, open]) {
    t.match(await rawRequest(at, 'GET /healthz?x'), { status: 200, body: serving.body })
    t.match(await rawRequest(at, 'GET /healthz/'), { status: 200, body: serving.body })
  }
  t.equal((await rawRequest(open, 'GET /healthz/x')).status, 200)
  t.equal(echo.seen.at(-1)?.url, '/healthz/x')
})

await t.test('limits, logs and instances hear of the same client address, from whoever may say it', async (t) => {
  const [plain = 0, proxied = 0] = await freePorts(2)
  const rate = { requests: 1, perMs: 60_000, burst: 1, by: 'address' } as const
  const routes = [plainRoute('/', 's'), plainRoute('/limited', 's', { policy: { rate } })]
  const listeners = [listener(plain), listener(proxied, { proxyProtocol: true })]
  const table = plainTable(plain, routes, services, { listeners, trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] })
  const seen = (name: string) => echo.seen.at(-1)?.headers[name]
  {
    await using _nginx = await serveTable(table)
    for (const [forwarded, client] of [
      ['203.0.113.9', '203.0.113.9'],
      ['1.2.3.4, 203.0.113.9, 10.1.1.1', '203.0.113.9'],
      ['1.2.3.4, 2001:db8::1', '2001:db8::1'],
    ] as const) {
      await rawRequest(plain, 'GET /', [
        ['Host', 'x'],
        ['X-Forwarded-For', forwarded],
      ])
      t.strictSame([seen('x-real-ip'), seen('x-forwarded-for')], [client, `${forwarded}, 127.0.0.1`])
    }
    for (const before of [
      'PROXY TCP4 203.0.113.7 192.0.2.1 5000 80\r\n',
      // Version 2: a TCP4 connection from 203.0.113.7 to 192.0.2.1.
      '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01\x13\x88\0\x50',
    ]) {
      await rawRequest(
        proxied,
        'GET /',
        [
          ['Host', 'x'],
          ['X-Forwarded-For', '1.2.3.4'],
        ],
        { before },
      )
      t.strictSame([seen('x-real-ip'), seen('x-forwarded-for')], ['203.0.113.7', '1.2.3.4, 203.0.113.7'])
    }
    const limited = (from: string) =>
      rawRequest(plain, 'GET /limited', [
        ['Host', 'x'],
        ['X-Forwarded-For', from],
      ])
    t.equal((await limited('198.51.100.1')).status, 200)
    t.equal((await limited('198.51.100.2')).status, 200)
    t.match(await limited('9.9.9.9, 198.51.100.1'), { status: 429, body: tooMany.body })
  }
  await using _nginx = await serveTable({ ...table, trustedProxies: ['10.0.0.0/8'] })
  await rawRequest(plain, 'GET /', [
    ['Host', 'x'],
    ['X-Forwarded-For', '203.0.113.9'],
  ])
  t.strictSame([seen('x-real-ip'), seen('x-forwarded-for')], ['127.0.0.1', '203.0.113.9, 127.0.0.1'])
})

await t.test('the listener alone says who the client is, and routes go by it', async (t) => {
  const [web = 0, app = 0, any = 0] = await freePorts(3)
  const routes = [
    plainRoute('/', 's', {
      name: 'apps',
      match: { clients: ['app.1'] },
      policy: { requestHeaders: { set: [{ name: 'x-via', value: 'apps' }], remove: [] } },
    }),
    plainRoute('/', 's', {
      name: 'all',
      policy: { requestHeaders: { set: [{ name: 'x-via', value: 'all' }], remove: [] } },
    }),
  ]
  const listeners = [
    listener(web, { client: 'web' }),
    listener(app, { client: 'app.1', address: '0.0.0.0' }),
    listener(any),
  ]
  await using _nginx = await serveTable(plainTable(web, routes, services, { listeners }))
  for (const [port, client, via] of [
    [web, 'web', 'all'],
    [app, 'app.1', 'apps'],
    [any, undefined, 'all'],
  ] as const) {
    await rawRequest(port, 'GET /', [
      ['Host', 'x'],
      ['X-Client-Id', 'app.1'],
      ['X_Client_Id', 'app.1'],
    ])
    const { headers = {} } = echo.seen.at(-1) ?? {}
    t.strictSame([headers['x-client-id'], headers.x_client_id, headers['x-via']], [client, undefined, via])
  }
})

await t.test('a renewed certificate is served without any news from the plane', { skip }, async (t) => {
  await using folder = await temporaryFolder('renewed')
  const [port = 0] = await freePorts(1)
  const pair = await certificate(folder.path, 'site', ['old.example.com'])
  const tls = { certificates: [{ ...pair, hosts: [] }], minVersion: '1.2', http2: true } as const
  const table = plainTable(port, [plainRoute('/', 's')], services, { listeners: [listener(port, { tls })] })
  await using gateway = await startGateway({
    managed: true,
    run: true,
    compare_every: '100ms',
    reloads_per_minute: 600,
  })
  await gateway.serve(renderNginx(table, 1))
  t.equal((await handshake(port)).name, 'old.example.com')
  const { reloads } = gateway
  await certificate(folder.path, 'site', ['new.example.com'])
  await waitFor(() => handshake(port), {
    what: 'the renewed certificate',
    withinMs: 20_000,
    until: ({ name }) => name === 'new.example.com',
  })
  await waitFor(() => gateway.reloads, { what: 'its reload', withinMs: 20_000, until: (count) => count > reloads })
})
