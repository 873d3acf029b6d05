import { once } from 'node:events'
import { readFile, rename } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { serving as servingAnswer } from '#control-plane/routing/answers.ts'
import type { Listener } from '#control-plane/routing/table.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { envoySetOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { askFully, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startRouted } from '#test/support/routing/routed.ts'
import { waitFor } from '#test/support/wait.ts'

const listener = (port: number, more: Partial<Listener> = {}): Listener => ({
  ...plainListener,
  name: `port-${port}`,
  port,
  source: 'r.yaml:1',
  ...more,
})

type Handshake = {
  readonly name: string | undefined
  readonly protocol: string | null
  readonly alpn: string | false | null
}

/** What a TLS server shows; rejects where it shows nothing. */
async function handshake(port: number, servername?: string, options = {}): Promise<Handshake> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
    ...options,
  })
  socket.setTimeout(10_000, () => socket.destroy(new Error('no handshake')))
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  const shown = { name: Array.isArray(CN) ? CN[0] : CN, protocol: socket.getProtocol(), alpn: socket.alpnProtocol }
  socket.destroy()
  return shown
}

function askHttps(port: number, path: string, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, servername, rejectUnauthorized: false, agent: false }
    requestHttps({ ...options, signal: AbortSignal.timeout(10_000) }, (response) =>
      text(response).then(resolve, reject),
    )
      .on('error', reject)
      .end()
  })
}

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

const skip = await noCertificates()

await t.test('each name is shown its certificate, by the protocols that are asked for', { skip }, async (t) => {
  await using folder = await temporaryFolder('tls')
  const [port = 0, strict = 0] = await freePorts(2)
  const api = await certificate(folder.path, 'api', ['api.example.com'])
  const wild = await certificate(folder.path, 'wild', ['any.example.org'])
  const others = await certificate(folder.path, 'others', ['others'])
  const certificates = [
    { ...api, hosts: ['api.example.com'] },
    { ...wild, hosts: ['*.example.org'] },
    { ...others, hosts: [] },
  ]
  const named = [{ ...api, hosts: ['api.example.com'] }]
  const listeners = [
    listener(port, { tls: { certificates, minVersion: '1.2', http2: true } }),
    listener(strict, { tls: { certificates: named, minVersion: '1.3', http2: false } }),
  ]
  await serving(t, plainTable(port, [plainRoute('/', 's')], { s: await seeing(t, 's') }, { listeners }))
  t.match(await handshake(port, 'api.example.com'), { name: 'api.example.com', protocol: 'TLSv1.3' })
  t.match(await handshake(port, 'a.b.example.org'), { name: 'any.example.org' })
  t.match(await handshake(port, 'else.example.com'), { name: 'others' })
  t.match(await handshake(port), { name: 'others' })
  t.match(await handshake(port, 'api.example.com', { maxVersion: 'TLSv1.2' }), { protocol: 'TLSv1.2' })
  await t.rejects(handshake(strict, 'api.example.com', { maxVersion: 'TLSv1.2' }), 'too old')
  t.match(await handshake(strict, 'else.example.com'), { name: 'api.example.com' }, 'the first, where all have names')
  t.match(await handshake(port, 'api.example.com', { ALPNProtocols: ['h2', 'http/1.1'] }), { alpn: 'h2' })
  t.match(await handshake(strict, 'api.example.com', { ALPNProtocols: ['h2', 'http/1.1'] }), { alpn: 'http/1.1' })
  const { headers } = JSON.parse(await askHttps(strict, '/x', 'api.example.com'))
  t.match(headers, { 'x-forwarded-proto': 'https', 'x-forwarded-port': String(strict) })

  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    servername: 'api.example.com',
  })
  const stream = session.request({ ':path': '/h2', 'x-heddle-subject': 'root' })
  const seen = JSON.parse(await text(stream))
  session.destroy()
  t.equal(seen.url, '/h2')
  t.equal(seen.headers['x-heddle-subject'], undefined)
})

await t.test('a renewed certificate is taken while Envoy runs, by the stream and by files', { skip }, async (t) => {
  await using folder = await temporaryFolder('renewed')
  const { cert, key } = await certificate(folder.path, 'site', ['old.example.com'])
  const shows = (port: number, name: string) => () =>
    handshake(port, 'site.example.com').then((shown) => shown.name === name)
  const port = await freePort()
  await using byFiles = await startEnvoyGateway()
  const tls = { certificates: [{ cert, key, hosts: [] }], minVersion: '1.2', http2: true } as const
  const table = plainTable(
    port,
    [plainRoute('/', 's')],
    { s: await seeing(t, 's') },
    { listeners: [listener(port, { tls })] },
  )
  await byFiles.serve(envoySetOf(table))

  await using routed = await startRouted('')
  const listeners = `[{ address: 127.0.0.1, port: ${routed.port}, tls: { certificates: [{ cert: ${cert}, key: ${key} }] } }]`
  await routed.declareAll(`gateways: { edge: { proxy: envoy, listeners: ${listeners} } }\n`)
  routed.world.fleet.markComplete()
  await routed.envoy()
  const both = [port, routed.port]
  for (const at of both) {
    await waitFor(shows(at, 'old.example.com'), { what: `the certificate at ${at}`, withinMs: 20_000, everyMs: 100 })
  }
  // As what renews certificates should do it: Envoy sees what is moved into place.
  const renewed = await certificate(folder.path, 'renewed', ['new.example.com'])
  await rename(renewed.key, key)
  await rename(renewed.cert, cert)
  for (const at of both) {
    await waitFor(shows(at, 'new.example.com'), {
      what: `the new certificate at ${at}`,
      withinMs: 20_000,
      everyMs: 100,
    })
  }
  const state = await waitFor(() => routed.routing.sinks()[0]?.status().state, {
    what: 'the sink',
    withinMs: 20_000,
    until: (seen) => seen === 'following',
  })
  t.equal(state, 'following')
})

await t.test('a certificate that comes later is taken without a word from anybody', { skip }, async (t) => {
  await using folder = await temporaryFolder('later')
  await using routed = await startRouted('')
  const certificateAt = (name: string) =>
    `{ cert: ${join(folder.path, name)}.pem, key: ${join(folder.path, name)}.key }`
  const tls = `tls: { certificates: [${certificateAt('site')}] }`
  const listeners = `[{ address: 127.0.0.1, port: ${routed.port}, ${tls} }]`
  await routed.declareAll(`gateways: { edge: { proxy: envoy, listeners: ${listeners} } }\n`)
  routed.world.fleet.markComplete()
  await routed.envoy()
  const rejected = () => routed.routing.sinks()[0]?.status().remarks.length ?? 0
  await waitFor(rejected, { what: 'its rejection', withinMs: 20_000, everyMs: 50 })
  await certificate(folder.path, 'site', ['late.example.com'])
  await waitFor(() => handshake(routed.port, 'site.example.com').then(({ name }) => name === 'late.example.com'), {
    ...{ what: 'the certificate', withinMs: 20_000, everyMs: 100 },
  })
  t.match(await handshake(routed.port, 'site.example.com'), { name: 'late.example.com' })
  await waitFor(rejected, { what: 'the sink to say so', withinMs: 20_000, everyMs: 50, until: (count) => count === 0 })
  t.equal(rejected(), 0)
})

await t.test('everything is sent to https but the challenges of a certificate authority', async (t) => {
  const port = await freePort()
  const hosts = ['example.com']
  const routes = [
    plainRoute('/.well-known/acme-challenge', 'acme'),
    plainRoute('/x', 's', { match: { hosts } }),
    plainRoute('/', 's'),
  ]
  const services = { acme: await seeing(t, 'acme'), s: await seeing(t, 's') }
  const listeners = [listener(port, { redirectToHttps: 8443 })]
  await serving(t, plainTable(port, routes, services, { listeners, healthPath: '/healthz' }))
  for (const host of ['example.com', `other.example.com:${port}`]) {
    const { status, headers } = await askFully(port, '/x?a=b', { headers: { host, 'x-heddle-to-https': '1' } })
    t.strictSame([status, headers.location], [308, `https://${host.split(':')[0]}:8443/x?a=b`])
    const challenge = seenIn(await askFully(port, '/.well-known/acme-challenge/token?x', { headers: { host } }))
    t.equal(challenge.name, 'acme')
    t.equal(challenge.headers['x-heddle-to-https'], undefined)
  }
  t.equal((await askFully(port, '/.well-known/acme-challengers')).status, 308)
  t.equal((await askFully(port, '/x?/.well-known/acme-challenge/')).status, 308)
  t.equal((await askFully(port, '/healthz')).status, 200)
})

await t.test('the client is who PROXY protocol, or a balancer that is trusted, says', async (t) => {
  await using folder = await temporaryFolder('addresses')
  const access = join(folder.path, 'access.log')
  const [port = 0, proxied = 0] = await freePorts(2)
  const listeners = [listener(port), listener(proxied, { proxyProtocol: true, client: 'web' })]
  const more = { listeners, trustedProxies: ['127.0.0.1', '10.0.0.0/8'], logs: { access, attempts: undefined } }
  const envoy = await serving(t, plainTable(port, [plainRoute('/', 's')], { s: await seeing(t, 's') }, more))
  const realIp = async (forwarded: string | undefined, localAddress = '127.0.0.1') => {
    const headers = {
      'x-forwarded-proto': 'https',
      ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
    }
    const { headers: seen } = seenIn(await askFully(port, '/', { headers, localAddress }))
    t.equal(seen['x-forwarded-proto'], 'http')
    return [seen['x-real-ip'], seen['x-forwarded-for']]
  }
  t.strictSame((await realIp('203.0.113.7'))[0], '203.0.113.7')
  t.strictSame((await realIp('198.51.100.1, 203.0.113.7, 10.1.2.3'))[0], '203.0.113.7')
  t.strictSame((await realIp(undefined))[0], '127.0.0.1')
  t.strictSame(await realIp('203.0.113.7', '127.0.0.2'), ['127.0.0.2', '203.0.113.7,127.0.0.2'])
  t.strictSame(await realIp(undefined, '127.0.0.2'), ['127.0.0.2', '127.0.0.2'])

  const raw = async (start: string) => {
    const socket = connect({ host: '127.0.0.1', port: proxied })
    socket.write(`${start}GET /p HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    return text(socket)
  }
  const answer = await raw('PROXY TCP4 203.0.113.9 127.0.0.1 4000 443\r\n')
  t.match(answer, /"x-real-ip":"203\.0\.113\.9"/)
  t.match(answer, /"x-client-id":"web"/)
  t.equal(await raw('').catch(() => ''), '', 'without it there is no answer')
  await envoy.stop()
  const lines = (await readFile(access, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(
    lines.find(({ path }) => path === '/p'),
    { client: '203.0.113.9', client_id: 'web', user_id: null, gateway: 'edge', level: 'info', message: 'GET /p' },
  )
})

await t.test('who the client is, is said by the listener alone', async (t) => {
  const [web = 0, none = 0] = await freePorts(2)
  const listeners = [listener(web, { client: 'web' }), listener(none)]
  await serving(t, plainTable(web, [plainRoute('/', 's')], { s: await seeing(t, 's') }, { listeners }))
  for (const [port, client] of [
    [web, 'web'],
    [none, undefined],
  ] as const) {
    const headers = { 'x-client-id': ['app', 'web'], x_client_id: 'app', 'X-HEDDLE-Anything': 'x' }
    const { headers: seen } = seenIn(await askFully(port, '/', { headers }))
    t.equal(seen['x-client-id'], client)
    t.strictSame([seen.x_client_id, seen['x-heddle-anything']], [undefined, undefined])
  }
})

await t.test('the health path answers for the gateway, and no longer once Envoy drains', async (t) => {
  const port = await freePort()
  const more = { healthPath: '/healthz' }
  const envoy = await serving(t, plainTable(port, [plainRoute('/', 's')], { s: await seeing(t, 's') }, more))
  const { status, body, headers } = await askFully(port, '/healthz?deep')
  t.match({ status, body, contentType: headers['content-type'] }, servingAnswer)
  t.equal(seenIn(await askFully(port, '/healthz/x')).name, 's')
  const fail = await fetch(`${envoy.adminUrl}/healthcheck/fail`, { method: 'POST' })
  t.equal(fail.status, 200)
  t.equal((await askFully(port, '/healthz')).status, 503)
  t.equal((await askFully(port, '/x')).status, 200, 'who comes is still served')
})
