import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import type { HttpProbeSpec } from '../protocol/check.ts'
import { reasonText } from '../protocol/reason.ts'
import { type ProbeResult, probe } from './probe.ts'

type Test = { teardown: (end: () => unknown) => void }

function spec(port: number, more: Partial<HttpProbeSpec> = {}): HttpProbeSpec {
  return { kind: 'http', address: '127.0.0.1', port, path: '/health', timeoutMs: 1_000, service: 'crm', ...more }
}

function told({ verdict }: ProbeResult): string {
  return `${verdict.health} ${reasonText(verdict.reason)}`
}

async function listening(t: Test, server: Server): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => open.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function http(t: Test, listener: RequestListener): Promise<number> {
  return listening(t, createServer(listener))
}

/** A server that does with each connection what it is told. */
function tcp(t: Test, serve: (socket: Socket) => void): Promise<number> {
  return listening(
    t,
    createTcpServer((socket) => {
      socket.on('error', () => {})
      serve(socket)
    }),
  )
}

async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

t.test('a healthy server is passing', async (t) => {
  const port = await http(t, (_, response) => response.end('{"status":"UP","service":"crm"}'))
  const result = await probe(spec(port))
  t.equal(told(result), 'passing ok')
  t.equal(result.connection, undefined)
  t.ok(result.tookMs > 0 && result.tookMs < 1_000)
})

t.test('the request is a GET of the path, with its host', async (t) => {
  const seen: string[] = []
  const port = await http(t, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers.connection}`)
    response.end()
  })
  await probe(spec(port, { path: '/健康 ok?a=\r\nX: y', host: 'crm.example\r\nX: y' }), { keepConnection: true }).then(
    ({ connection }) => connection?.close(),
  )
  await probe(spec(port))
  t.strictSame(seen, [
    `GET /%E5%81%A5%E5%BA%B7%20ok?a=%0D%0AX:%20y crm.exampleX:y keep-alive`,
    `GET /health 127.0.0.1:${port} close`,
  ])
})

t.test('a redirect is not followed', async (t) => {
  let asked = 0
  const port = await http(t, (_, response) => {
    asked += 1
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  t.equal(told(await probe(spec(port))), 'warning http_status status=302')
  t.equal(asked, 1)
})

t.test('a port where nobody listens is refused, at once', async (t) => {
  const port = await closedPort()
  const http = await probe(spec(port))
  t.equal(told(http), 'critical refused')
  t.ok(http.tookMs < 900)
  t.equal(told(await probe({ kind: 'tcp', address: '127.0.0.1', port, timeoutMs: 500 })), 'critical refused')
})

for (const tls of [false, true]) {
  t.test(`an address that this machine has no way to is unreachable${tls ? ', with TLS' : ''}`, async (t) => {
    // Who asks from a timer, and not from a promise, has the error before the socket.
    const verdict = await new Promise((resolve) => {
      setImmediate(() => resolve(probe(spec(9_300, { address: '255.255.255.255', tls }))))
    })
    t.match(verdict, { verdict: { health: 'critical', reason: { code: 'unreachable' } } })
  })
}

t.test('a server that says nothing times out', async (t) => {
  const port = await tcp(t, () => {})
  const result = await probe(spec(port, { timeoutMs: 60 }))
  t.equal(told(result), 'critical timeout')
  t.ok(result.tookMs >= 59)
  t.equal(told(await probe({ kind: 'tcp', address: '127.0.0.1', port, timeoutMs: 500 })), 'passing ok')
})

t.test('half an answer times out too', async (t) => {
  const port = await tcp(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
  t.equal(told(await probe(spec(port, { timeoutMs: 60 }))), 'critical timeout')
})

for (const { what, serve, says } of [
  { what: 'closes without a word', serve: (socket: Socket) => socket.end(), says: 'critical reset' },
  { what: 'resets', serve: (socket: Socket) => socket.resetAndDestroy(), says: 'critical reset' },
  {
    what: 'speaks another protocol',
    serve: (socket: Socket) => socket.write('220 mail\r\n'),
    says: 'critical bad_answer error=not HTTP',
  },
  {
    what: 'ends early',
    serve: (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
    says: 'critical bad_answer error=ended early',
  },
]) {
  t.test(`a server that ${what} gets a verdict`, async (t) => {
    const port = await tcp(t, (socket) => {
      socket.once('data', () => serve(socket))
    })
    t.equal(told(await probe(spec(port))), says)
  })
}

t.test('a name that does not resolve is unreachable', async (t) => {
  const result = await probe(spec(80, { address: 'no-such-host.invalid', timeoutMs: 5_000 }))
  t.match(told(result), /^critical (unreachable|timeout)/)
})

t.test('a kept connection tells its end once, and at once if it has already ended', async (t) => {
  const sockets: Socket[] = []
  const port = await http(t, (request, response) => {
    sockets.push(request.socket)
    response.end('ok')
  })
  const { connection } = await probe(spec(port), { keepConnection: true })
  if (connection === undefined) throw new Error('not kept')
  let ended = 0
  const first = new Promise<void>((resolve) =>
    connection.onEnded(() => {
      ended += 1
      resolve()
    }),
  )
  sockets[0]?.destroy()
  await first
  await new Promise<void>((resolve) => connection.onEnded(resolve))
  t.equal(ended, 1)
})

t.test('a connection that we close ourselves tells nothing', async (t) => {
  const port = await http(t, (_, response) => response.end('ok'))
  const { connection } = await probe(spec(port), { keepConnection: true })
  connection?.onEnded(() => t.fail('told'))
  connection?.close()
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(connection)
})

t.test('a connection is not kept where the server closes it', async (t) => {
  const port = await http(t, (_, response) => response.setHeader('connection', 'close').end('ok'))
  const { verdict, connection } = await probe(spec(port), { keepConnection: true })
  t.equal(verdict.health, 'passing')
  t.equal(connection, undefined)
})

t.test('a probe that is given up says so and leaves no connection', async (t) => {
  let closed: () => void = () => {}
  const left = new Promise<void>((resolve) => {
    closed = resolve
  })
  const port = await tcp(t, (socket) => socket.on('data', () => {}).on('close', closed))
  const stop = new AbortController()
  const running = probe(spec(port), { signal: stop.signal })
  setImmediate(() => stop.abort())
  t.equal(told(await running), 'unknown no_verdict')
  t.equal(told(await probe(spec(port), { signal: stop.signal })), 'unknown no_verdict')
  await left
})

t.test('whatever bytes a server sends, the probe ends with a verdict', async (t) => {
  let answer: Uint8Array = new Uint8Array()
  const port = await tcp(t, (socket) => socket.once('data', () => socket.end(answer)))
  const starts = fc.constantFrom(
    '',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 503 x\r\nContent-Length: 3\r\n\r\n',
  )
  await fc.assert(
    fc.asyncProperty(starts, fc.uint8Array({ maxLength: 200 }), async (start, rest) => {
      answer = Buffer.concat([Buffer.from(start), rest])
      const { verdict } = await probe(spec(port))
      return verdict.health !== 'unknown'
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('a server behind TLS is asked through it', async (t) => {
  const port = await tcp(t, (socket) =>
    socket.once('data', (hello) => {
      t.equal(hello[0], 22, 'a TLS handshake')
      socket.destroy()
    }),
  )
  t.equal((await probe(spec(port, { tls: true }))).verdict.health, 'critical')
})

t.test('the peer of a tcp check sees a connection that ends', async (t) => {
  const port = await tcp(t, (socket) => socket.resume())
  t.equal(told(await probe({ kind: 'tcp', address: 'localhost', port, timeoutMs: 1_000 })), 'passing ok')
  // The test's own proof that the server still answers.
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
  })
})
