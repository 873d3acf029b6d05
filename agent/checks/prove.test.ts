import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import { probe } from '#shared/probe/probe.ts'
import { prove } from './prove.ts'
import { serverOf, Wires } from './wires.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

/** A server that answers as `delayMs` says, n from 1, one connection at a time if `single`. */
async function peer(t: { teardown: (end: () => unknown) => void }, single: boolean, delayMs: (n: number) => number) {
  const open: Socket[] = []
  const waiting: Socket[] = []
  let busy: Socket | undefined
  let asked = 0
  const serve = () => {
    if (single && busy) return
    const socket = waiting.shift()
    if (socket === undefined) return
    busy = socket
    socket.on('data', () => {
      asked += 1
      setTimeout(() => socket.write(answer), delayMs(asked))
    })
    socket.on('close', () => {
      busy = undefined
      serve()
    })
    socket.resume()
  }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    open.push(socket)
    socket.on('error', () => {})
    waiting.push(socket)
    serve()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

for (const { what, single, delayMs, trust, wires: left } of [
  { what: 'that answers beside it', single: false, delayMs: () => 0, trust: 'proven', wires: 1 },
  { what: 'that serves one connection at a time', single: true, delayMs: () => 0, trust: 'withheld', wires: 0 },
  // Freed or merely slow: in doubt a strike, no more.
  {
    what: 'that is slow for once',
    single: false,
    delayMs: (n: number) => (n > 1 ? 5_000 : 0),
    trust: 'unproven',
    wires: 0,
  },
]) {
  t.test(`a server ${what} is ${trust} and keeps ${left} wires`, async (t) => {
    const port = await peer(t, single, delayMs)
    const spec = { kind: 'http', address: '127.0.0.1', port, path: '/', timeoutMs: 2_000, service: 'crm' } as const
    const wires = new Wires()
    const { connection, tookMs } = await probe(spec, { keepConnection: true })
    if (connection) wires.hang(serverOf(spec), connection, () => {})
    await prove(spec, Math.max(tookMs, 100), wires, new AbortController().signal)
    t.equal(wires.trust(serverOf(spec)).kind, trust)
    t.equal(wires.count, left)
    wires.forget(serverOf(spec))
    t.equal(wires.count, 0)
  })
}
