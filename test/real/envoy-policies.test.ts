import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import t from 'tap'
import { WebSocketServer } from 'ws'
import {
  noPermission,
  noRoute,
  noSuchMethod,
  noToken,
  noWebsocket,
  type OwnAnswer,
  tooLarge,
  tooMany,
} from '#control-plane/routing/answers.ts'
import type { Listener, Rate } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { askFully, type FullAnswer, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startRouted } from '#test/support/routing/routed.ts'
import { waitFor } from '#test/support/wait.ts'

const said = ({ status, headers, body }: FullAnswer) => ({ status, contentType: headers['content-type'], body })
const same = ({ status, contentType, body }: OwnAnswer) => ({ status, contentType, body })
const portOf = (url: string) => Number(new URL(url).port)

/** A bucket that is not refilled while a test runs. */
const three: Rate = { requests: 1, perMs: 3_600_000, burst: 3, by: 'route' }

await t.test('a rate holds for a route as a whole, for each address, and for a client on all its routes', async (t) => {
  const [port = 0, web = 0] = await freePorts(2)
  const listeners: readonly Listener[] = [
    { ...plainListener, name: 'public', port, source: 'r.yaml:1' },
    { ...plainListener, name: 'web', port: web, client: 'web', source: 'r.yaml:2' },
  ]
  const routes = [
    plainRoute('/all', 's', { policy: { rate: three } }),
    plainRoute('/each', 's', { policy: { rate: { ...three, by: 'address' } } }),
    plainRoute('/answer', 's', {
      policy: { rate: three },
      action: { kind: 'answer', status: 200, contentType: 'text/plain', body: 'x' },
    }),
    plainRoute('/quick', 's', { policy: { rate: { requests: 120, perMs: 60_000, burst: 1, by: 'route' } } }),
    plainRoute('/free', 's', { match: { hosts: ['free.example.com'] } }),
    plainRoute('/free', 's', { name: 'free-else' }),
  ]
  const clients = [{ id: 'web', rate: { ...three, burst: 5 }, source: 'r.yaml:3' }]
  await serving(t, plainTable(port, routes, { s: await seeing(t, 's') }, { listeners, clients }))
  const statuses = async (path: string, count: number, about = {}, at = port) => {
    const all: number[] = []
    for (let index = 0; index < count; index += 1) {
      // Two of Envoy's routes share a bucket: requests that may be repeated, and others.
      all.push((await askFully(at, path, { method: index % 2 === 0 ? 'GET' : 'POST', ...about })).status)
    }
    return all
  }
  t.strictSame(await statuses('/all', 5), [200, 200, 200, 429, 429])
  t.strictSame(await statuses('/answer', 4), [200, 200, 200, 429])
  t.strictSame(said(await askFully(port, '/all')), same(tooMany))
  t.strictSame(await statuses('/each', 4), [200, 200, 200, 429])
  t.strictSame(await statuses('/each', 4, { localAddress: '127.0.0.2' }), [200, 200, 200, 429])
  t.strictSame(await statuses('/free', 10), Array(10).fill(200))
  // Spread evenly: after half a second there is one more, long before the minute is over.
  const refilled = async () => (await statuses('/quick', 2)).join() === '200,429'
  await waitFor(refilled, { what: 'a refill', withinMs: 20_000 })
  t.strictSame(await statuses('/free', 7, {}, web), [200, 200, 200, 200, 200, 429, 429])
  t.equal((await askFully(web, '/each')).status, 429, 'the client has no more for any route')
})

await t.test('listeners that get their routes by the stream share what is left of a rate', async (t) => {
  await using routed = await startRouted('')
  const other = await freePort()
  const { port: upstream } = await routed.server((_, response) => response.end('x'))
  const listeners = [routed.port, other].map((port) => `{ address: 127.0.0.1, port: ${port} }`)
  await routed.declareAll(`
gateways: { edge: { proxy: envoy, listeners: [${listeners}] } }
routes:
  - { prefix: /, service: s, path: keep, rate: { requests: 1/h, burst: 3 } }
  - { exact: /there, answer: { status: 200 } }
`)
  routed.world.add('s', upstream)
  routed.world.fleet.markComplete()
  await routed.envoy()
  for (const port of [routed.port, other]) {
    await waitFor(() => askFully(port, '/there'), {
      what: `the routes at ${port}`,
      withinMs: 20_000,
      until: ({ status }) => status === 200,
    })
  }
  const statuses: number[] = []
  for (const port of [routed.port, other, routed.port, other, other]) statuses.push((await askFully(port, '/')).status)
  t.strictSame(statuses, [200, 200, 200, 429, 429])
})

await t.test('a body that is too long is refused, whether its length is told or not', async (t) => {
  const port = await freePort()
  const small = { policy: { maxBodyBytes: 1000 } }
  const routes = [plainRoute('/small', 's', small), plainRoute('/as-small', 's', small), plainRoute('/more', 's')]
  await serving(t, plainTable(port, routes, { s: await seeing(t, 's') }))
  const chunked = (bytes: number) => ({
    method: 'POST',
    write: (asked: ClientRequest) => {
      asked.on('error', () => {})
      for (let left = bytes; left > 0; left -= 500) asked.write('x'.repeat(Math.min(left, 500)))
      asked.end()
    },
  })
  const told = (bytes: number) => ({
    method: 'POST',
    headers: { 'content-length': String(bytes) },
    body: 'x'.repeat(bytes),
  })
  t.equal(seenIn(await askFully(port, '/small', told(1000))).body, 1000)
  t.equal(seenIn(await askFully(port, '/small', chunked(1000))).body, 1000)
  t.strictSame(said(await askFully(port, '/small', told(1001))), same(tooLarge))
  t.strictSame(said(await askFully(port, '/small', chunked(1001))), same(tooLarge))
  t.equal(seenIn(await askFully(port, '/more', told(200_000))).body, 200_000)
  t.equal(seenIn(await askFully(port, '/more', chunked(200_000))).body, 200_000)
  t.strictSame(said(await askFully(port, '/as-small', told(1001))), same(tooLarge))
  t.strictSame(said(await askFully(port, '/else', told(1001))), same(noRoute))
})

await t.test(
  'pages of other origins are answered as the route says, before anybody is asked for a token',
  async (t) => {
    const port = await freePort()
    const cors = {
      origins: ['https://app.example.com'],
      methods: ['GET', 'PUT'],
      headers: ['x-a', 'x-b'],
      expose: ['x-c'],
      credentials: true,
      maxAgeS: 600,
    }
    const any = { ...cors, origins: ['*'], credentials: false }
    const routes = [
      plainRoute('/named', 's', {
        policy: { cors, access: { kind: 'required', authenticator: 'people', permissions: [] } },
      }),
      plainRoute('/any', 's', { policy: { cors: any } }),
    ]
    const people = {
      kind: 'jwt',
      name: 'people',
      source: '',
      permissionsClaim: 'permissions',
      issuer: 'i',
      audiences: [],
      keys: { service: 'keys', path: '/jwks', refreshMs: 60_000 },
    } as const
    await serving(t, plainTable(port, routes, { s: await seeing(t, 's'), keys: [] }, { authenticators: [people] }))
    const preflight = (origin: string) => ({
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    })
    const good = await askFully(port, '/named', preflight('https://app.example.com'))
    t.equal(good.status, 200)
    t.match(good.headers, {
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-a,x-b',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    })
    t.strictSame(said(await askFully(port, '/named', preflight('https://else.example.com'))), same(noToken))
    const refused = await askFully(port, '/named', { headers: { origin: 'https://app.example.com' } })
    t.strictSame(said(refused), same(noToken))
    t.equal(refused.headers['access-control-allow-origin'], 'https://app.example.com')
    const read = await askFully(port, '/any', { headers: { origin: 'https://wherever.example.com' } })
    t.match(read, { status: 200, headers: { 'access-control-expose-headers': 'x-c' } })
    t.ok(read.headers['access-control-allow-origin'])
    t.equal(read.headers['access-control-allow-credentials'], undefined)
  },
)

await t.test('headers are set and taken off, those of tracing pass', async (t) => {
  const port = await freePort()
  const requestHeaders = {
    set: [
      { name: 'x-a', value: '100% %REQ(x)% $host' },
      { name: 'x-none', value: '' },
    ],
    remove: ['x-b'],
  }
  const responseHeaders = { set: [{ name: 'x-d', value: 'y' }], remove: ['x-e'] }
  const routes = [
    plainRoute('/', 's', { policy: { requestHeaders, responseHeaders } }),
    plainRoute('/answer', 's', {
      policy: { responseHeaders },
      action: { kind: 'answer', status: 418, contentType: 'text/html', body: '<b>50%</b>' },
    }),
    ...[200, 400, 401, 403, 404, 413, 429, 503].map((status) =>
      plainRoute(`/own/${status}`, 's', {
        action: { kind: 'answer', status, contentType: 'text/plain', body: `own ${status}` },
      }),
    ),
  ]
  const url = await answering(t, ({ headers }, response) => {
    response.writeHead(200, { 'x-d': 'x', 'x-e': 'z' }).end(JSON.stringify({ headers }))
  })
  await serving(t, plainTable(port, routes, { s: [plainEndpoint(portOf(url))] }))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const sent = {
    'x-a': 'mine',
    'x-b': 'mine',
    'x-none': 'mine',
    traceparent,
    tracestate: 'a=b',
    'x-request-id': 'given',
  }
  const answer = await askFully(port, '/x', { headers: sent })
  const { headers } = seenIn(answer)
  t.match(headers, { 'x-a': '100% %REQ(x)% $host', traceparent, tracestate: 'a=b', 'x-request-id': 'given' })
  t.strictSame([headers['x-b'], headers['x-none']], [undefined, undefined])
  t.match(answer.headers, { 'x-d': 'y', 'x-request-id': 'given' })
  t.equal(answer.headers['x-e'], undefined)
  t.ok(seenIn(await askFully(port, '/x')).headers['x-request-id'])
  const own = await askFully(port, '/answer')
  t.match(own, { status: 418, body: '<b>50%</b>', headers: { 'content-type': 'text/html', 'x-d': 'y' } })
  for (const status of [200, 400, 401, 403, 404, 413, 429, 503]) {
    t.match(await askFully(port, `/own/${status}`), {
      status,
      body: `own ${status}`,
      headers: { 'content-type': 'text/plain' },
    })
  }
})

await t.test('nobody tells Envoy by headers how to route, and some methods are never passed on', async (t) => {
  const port = await freePort()
  const slow = await answering(t, (_, response) => setTimeout(() => response.end('x'), 300))
  await serving(t, plainTable(port, [plainRoute('/', 's')], { s: [plainEndpoint(portOf(slow))] }))
  const headers = { 'x-envoy-upstream-rq-timeout-ms': '1', 'x-envoy-max-retries': '0' }
  t.equal((await askFully(port, '/', { headers })).status, 200)
  t.strictSame(said(await askFully(port, '/', { method: 'TRACE' })), same(noSuchMethod))
  t.strictSame(said(await askFully(port, '*', { method: 'OPTIONS' })), same(noRoute))
})

await t.test('requests are spread by weight, and copies go where nobody waits for them', async (t) => {
  const port = await freePort()
  const copies: (string | undefined)[] = []
  const mirror = await answering(t, ({ url, headers }, response) => {
    copies.push(`${headers.host} ${url}`)
    response.writeHead(500).end()
  })
  const services = { a: await seeing(t, 'a'), 'b*': await seeing(t, 'b'), copy: [plainEndpoint(portOf(mirror))] }
  const choices = [
    { service: 'a', weight: 30 },
    { service: 'b*', weight: 10 },
  ]
  const routes = [
    plainRoute('/split', 'a', { choices }),
    plainRoute('/copied', 'a', { path: 'strip', mirror: { service: 'copy', percent: 100 } }),
  ]
  await serving(t, plainTable(port, routes, services))
  const names = { a: 0, b: 0 }
  for (let index = 0; index < 400; index += 1) {
    const { name } = seenIn(await askFully(port, '/split'))
    if (name === 'a' || name === 'b') names[name] += 1
  }
  t.ok(names.b > 50 && names.b < 150, JSON.stringify(names))
  t.equal(seenIn(await askFully(port, '/copied/x?y=1', { headers: { host: 'example.com' } })).url, '/x?y=1')
  await waitFor(() => copies, { what: 'the copy', withinMs: 20_000, until: ({ length }) => length === 1 })
  t.strictSame(copies, ['example.com /x?y=1'])
})

await t.test('a redirect changes what it names and keeps the rest', async (t) => {
  const port = await freePort()
  const to = { scheme: undefined, host: undefined, port: undefined, path: undefined }
  const routes = [
    plainRoute('/host', 's', {
      action: { kind: 'redirect', status: 301, ...to, scheme: 'https', host: 'new.example.com', port: 8443 },
    }),
    plainRoute('/path', 's', { action: { kind: 'redirect', status: 307, ...to, path: '/there' } }),
  ]
  await serving(t, plainTable(port, routes, {}))
  const located = async (path: string) => {
    const { status, headers } = await askFully(port, path, { headers: { host: 'old.example.com' } })
    return `${status} ${headers.location}`
  }
  t.equal(await located('/host/x?a=b'), '301 https://new.example.com:8443/host/x?a=b')
  t.equal(await located('/path/x?a=b'), '307 http://old.example.com/there?a=b')
})

await t.test('WebSockets pass where the route lets them, and streams take their time', async (t) => {
  const port = await freePort()
  const streaming = await answering(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let left = 4
    const timer = setInterval(() => {
      response.write('data: x\n\n')
      left -= 1
      if (left === 0) {
        clearInterval(timer)
        response.end()
      }
    }, 200)
  })
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(`echo ${message}`)))
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  })
  await once(sockets, 'listening')
  const address = sockets.address()
  const socketPort = typeof address === 'object' ? (address?.port ?? 0) : 0
  const routes = [
    plainRoute('/ws', 'ws'),
    plainRoute('/no-ws', 'ws', { websocket: false }),
    plainRoute('/stream', 'stream', { timeoutMs: undefined }),
    plainRoute('/cut', 'stream', { timeoutMs: 300 }),
  ]
  const services = { ws: [plainEndpoint(socketPort)], stream: [plainEndpoint(portOf(streaming))] }
  await serving(t, plainTable(port, routes, services))
  const echoed = await new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
    socket.addEventListener('open', () => socket.send('hi'))
    socket.addEventListener('message', ({ data }) => {
      resolve(data)
      socket.close()
    })
    socket.addEventListener('error', reject)
  })
  t.equal(echoed, 'echo hi')
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  t.strictSame(said(await askFully(port, '/no-ws', { headers: upgrade })), same(noWebsocket))
  t.notSame(noWebsocket.body, noPermission.body)
  t.equal((await askFully(port, '/stream')).body, 'data: x\n\n'.repeat(4))
  await t.rejects(askFully(port, '/cut'))
})
