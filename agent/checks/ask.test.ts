import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import type { HttpProbeSpec } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { type Asking, ask, type Found } from './ask.ts'
import { Lag } from './lag.ts'

type Test = { teardown: (end: () => unknown) => void }
type Peer = { readonly port: number; readonly opened: number[]; close(): Promise<void>; listen(): Promise<void> }

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A probe is judged by what the server does, however busy this machine is. */
class NeverLate extends Lag {
  override watch(): () => number {
    return () => 0
  }
}

/** A server that does with its n-th connection, from 1, what it is told. */
async function peer(t: Test, serve: (socket: Socket, n: number) => void): Promise<Peer> {
  const open = new Set<Socket>()
  const opened: number[] = []
  const server = createServer((socket) => {
    open.add(socket)
    opened.push(performance.now())
    socket.on('error', () => {}).once('data', () => serve(socket, opened.length))
  })
  const listen = (port = 0) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen()
  const { port } = server.address() as AddressInfo
  const close = () => {
    for (const socket of open) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  t.teardown(() => (server.listening ? close() : undefined))
  return { port, opened, close, listen: () => listen(port) }
}

function spec(port: number, timeoutMs = 1_000): HttpProbeSpec {
  return { kind: 'http', address: '127.0.0.1', port, path: '/', timeoutMs, service: 'crm' }
}

function asking(more: Partial<Asking> = {}): Asking {
  return { keepConnection: true, lag: new NeverLate(), stop: new AbortController().signal, onHang: () => {}, ...more }
}

function told({ verdict, decisive, blocked }: Found): string {
  const marks = [decisive ? 'decisive' : '', blocked ? 'blocked' : ''].filter(Boolean)
  return [verdict.health, reasonText(verdict.reason), ...marks].join(' ')
}

t.test('an answer is asked for once, and its connection kept', async (t) => {
  const { port, opened } = await peer(t, (socket) => socket.write(answer))
  const found = await ask(spec(port), asking())
  t.equal(told(found), 'passing ok')
  t.ok(found.connection)
  found.connection?.close()
  t.equal(opened.length, 1)
})

t.test('refused twice is decisive', async (t) => {
  const { port, close } = await peer(t, () => {})
  await close()
  t.equal(told(await ask(spec(port), asking())), 'critical refused decisive')
})

t.test('a port that is back 5 ms later is not refused', async (t) => {
  const server = await peer(t, (socket) => socket.write(answer))
  await server.close()
  const asked = ask(spec(server.port), asking())
  setTimeout(() => void server.listen(), 1)
  t.equal(told(await asked), 'passing ok')
})

t.test('a reset is asked again at once: the first sign of a dying process', async (t) => {
  const { port, opened, close } = await peer(t, (socket) => {
    socket.resetAndDestroy()
    void close()
  })
  t.equal(told(await ask(spec(port), asking())), 'critical refused decisive')
  t.equal(opened.length, 1)
})

t.test('a server that resets always is critical, but that is not decisive', async (t) => {
  const { port, opened } = await peer(t, (socket) => socket.resetAndDestroy())
  t.equal(told(await ask(spec(port), asking())), 'critical reset')
  t.equal(opened.length, 3)
})

t.test('another service is decisive', async (t) => {
  const body = '{"service":"billing"}'
  const { port } = await peer(t, (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  )
  t.equal(told(await ask(spec(port), asking())), 'critical identity_mismatch answered=billing expected=crm decisive')
})

t.test('a hang is joined by a second probe at half the timeout, and is decisive at the timeout', async (t) => {
  let hangs = 0
  const { port, opened } = await peer(t, () => {})
  const startedAt = performance.now()
  const found = await ask(spec(port, 1_000), asking({ onHang: () => (hangs += 1) }))
  const took = performance.now() - startedAt
  t.equal(told(found), 'critical timeout decisive')
  t.equal(opened.length, 2)
  t.equal(hangs, 1)
  t.ok(took >= 900 && took < 10_000, `${took} ms`)
  t.ok((opened[1] ?? 0) - (opened[0] ?? 0) >= 300)
})

t.test('a server that answers the second connection alone is well, but blocked by the first', async (t) => {
  const { port } = await peer(t, (socket, n) => n > 1 && socket.end(answer))
  const found = await ask(spec(port), asking())
  t.equal(told(found), 'passing ok blocked')
  t.equal(found.connection, undefined)
})

t.test('a slow answer on the first connection is an answer', async (t) => {
  const { port } = await peer(t, (socket, n) => n === 1 && setTimeout(() => socket.end(answer), 600))
  t.equal(told(await ask(spec(port, 5_000), asking())), 'passing ok')
})

t.test('a server that dies while a probe hangs is refused', async (t) => {
  const { port, opened, close } = await peer(t, () => {})
  const asked = ask(spec(port, 2_000), asking())
  const poll = setInterval(() => {
    if (opened.length === 0) return
    clearInterval(poll)
    void close()
  }, 5)
  t.equal(told(await asked), 'critical refused decisive')
})

t.test('a timeout while this process was late itself is void, and asked again', async (t) => {
  const { port, opened } = await peer(t, (socket, n) => n > 2 && socket.end(answer))
  const asked = ask(spec(port, 400), asking({ lag: new Lag() }))
  setTimeout(() => {
    const until = performance.now() + 300
    while (performance.now() < until);
  }, 250)
  t.match(told(await asked), /^passing ok/)
  t.ok(opened.length > 2)
})

t.test('a probe that is given up finds nothing', async (t) => {
  const { port } = await peer(t, () => {})
  const stop = new AbortController()
  const asked = ask(spec(port), asking({ stop: stop.signal }))
  setTimeout(() => stop.abort(), 20)
  t.equal(told(await asked), 'unknown no_verdict')
})
