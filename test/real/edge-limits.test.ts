import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { headersTooLarge, instanceFailed } from '#control-plane/routing/answers.ts'
import type { Listener, RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { askFully, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { waitFor } from '#test/support/wait.ts'

const missing = missingParts(['envoy', 'nginx']).length > 0 ? 'the proxies are not ready on this machine' : false
const noTls = await noCertificates()
const portOf = (url: string) => Number(new URL(url).port)
const kib = 1024

/** The same table in both proxies, each on a port of its own. */
async function both(t: Pick<Test, 'teardown'>, tableAt: (port: number) => RouteTable) {
  const [envoy = 0, nginx = 0] = await freePorts(2)
  await serving(t, tableAt(envoy))
  const server = await serveTable(tableAt(nginx))
  t.teardown(() => server[Symbol.asyncDispose]())
  return { envoy, nginx }
}

await t.test('a large body is sent again to another instance, and copied, as a whole', { skip: missing }, async (t) => {
  const refusing = plainEndpoint(await freePort())
  const lengths: number[] = []
  const copy = await answering(t, async (incoming, response) => {
    lengths.push((await text(incoming)).length)
    response.end()
  })
  const services = {
    s: { endpoints: [refusing, ...(await seeing(t, 's'))], ejection: undefined },
    whole: await seeing(t, 'whole'),
    copy: [plainEndpoint(portOf(copy))],
  }
  const routes = [
    plainRoute('/again', 's', { retries: 2 }),
    plainRoute('/copied', 'whole', { mirror: { service: 'copy', percent: 100 } }),
  ]
  const ports = await both(t, (port) => plainTable(port, routes, services))
  for (const [proxy, port] of Object.entries(ports)) {
    for (let round = 0; round < 8; round += 1) {
      const answer = await askFully(port, '/again', { method: 'PUT', body: 'x'.repeat(600 * kib) })
      t.equal(answer.status, 200, `${proxy} finds the instance that lives`)
      t.equal(seenIn(answer).body, 600 * kib)
    }
    for (let round = 0; round < 4; round += 1) {
      const { status, body } = await askFully(port, '/again', { method: 'PUT', body: 'x'.repeat(3000 * kib) })
      if (status !== 200) t.strictSame({ status, body }, { status: 503, body: instanceFailed.body }, proxy)
    }
    lengths.length = 0
    await askFully(port, '/copied', { method: 'POST', body: 'x'.repeat(300 * kib) })
    await waitFor(() => lengths, { what: `the copy of ${proxy}`, withinMs: 20_000, until: ({ length }) => length > 0 })
    t.strictSame(lengths, [300 * kib])
  }
})

await t.test('long headers pass up to a length, and are refused in the same words', { skip: missing }, async (t) => {
  const services = { s: await seeing(t, 's') }
  const ports = await both(t, (port) => plainTable(port, [plainRoute('/', 's')], services))
  for (const [proxy, port] of Object.entries(ports)) {
    const token = { authorization: `Bearer ${'x'.repeat(12 * kib)}` }
    t.equal((await askFully(port, '/', { headers: token })).status, 200, `${proxy} takes a long token`)
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`x-${index}`, 'x'.repeat(12 * kib)]))
    const { status, body } = await askFully(port, '/', { headers: many })
    t.strictSame({ status, body }, { status: 431, body: headersTooLarge.body }, `${proxy} does not take 96 KiB`)
  }
})

await t.test('WebSockets carry long messages, and streams more than is held of them', { skip: missing }, async (t) => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  })
  sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(message)))
  await once(sockets, 'listening')
  const address = sockets.address()
  const socketPort = typeof address === 'object' ? (address?.port ?? 0) : 0
  const streaming = await answering(t, async (_, response) => {
    for (let part = 0; part < 64; part += 1) {
      if (!response.write('x'.repeat(64 * kib))) await once(response, 'drain')
    }
    response.end()
  })
  const services = { ws: [plainEndpoint(socketPort)], stream: [plainEndpoint(portOf(streaming))] }
  const routes = [plainRoute('/ws', 'ws', { timeoutMs: undefined }), plainRoute('/stream', 'stream')]
  const ports = await both(t, (port) => plainTable(port, routes, services))
  for (const [proxy, port] of Object.entries(ports)) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
    await once(socket, 'open')
    socket.send('x'.repeat(1024 * kib))
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(20_000) })
    t.equal(String(message).length, 1024 * kib, proxy)
    socket.terminate()
    t.equal((await askFully(port, '/stream')).body.length, 64 * 64 * kib, proxy)
  }
})

await t.test('one connection of HTTP/2 has at most 100 requests at once', { skip: missing || noTls }, async (t) => {
  await using folder = await temporaryFolder('edge')
  const { cert, key } = await certificate(folder.path, 'site', ['site.example.com'])
  const tls = { certificates: [{ cert, key, hosts: [] }], minVersion: '1.2', http2: true } as const
  const services = { s: await seeing(t, 's') }
  const ports = await both(t, (port) => {
    const listener: Listener = { ...plainListener, name: 'tls', port, tls }
    return plainTable(port, [plainRoute('/', 's')], services, { listeners: [listener] })
  })
  for (const [proxy, port] of Object.entries(ports)) {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    const [settings] = await once(session, 'remoteSettings', { signal: AbortSignal.timeout(20_000) })
    t.equal(settings.maxConcurrentStreams, 100, proxy)
    const body = session.request({ ':path': '/x', ':method': 'POST' }).end('x'.repeat(2048 * kib))
    t.equal(JSON.parse(await text(body)).body, 2048 * kib, 'more than a window')
    session.destroy()
  }
})
