import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { connect as secured, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { listen } from '#shared/http/listen.ts'
import { newKey, someAuthority, someNode } from '#test/support/identity.ts'
import { waitFor } from '#test/support/wait.ts'
import { atOnceNow, type HandshakeLimits, Handshakes, handshakeLimits } from './handshakes.ts'
import { issueServerCertificate } from './issue.ts'
import { tlsServer } from './server-certificate.ts'

const withinMs = 20_000
const { pem: key, publicKey } = await newKey()
const authority = await someAuthority()
const names = ['localhost', '127.0.0.1']
const { pem: cert } = await issueServerCertificate(authority, { publicKey, names, now: Date.now() })

/** A server that answers everybody, and who comes to it. */
async function setUp(t: Test, limits: Partial<HandshakeLimits>) {
  const server = createServer({ ...tlsServer, cert, key }, (_, response) => response.end('yes'))
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  const handshakes = new Handshakes(server, { ...handshakeLimits, ...limits })
  const listening = await listen(server, { address: '127.0.0.1', port: 0 }, 'api.port')
  t.teardown(() => listening[Symbol.asyncDispose]())
  const where = { host: '127.0.0.1', port: listening.port }
  const kept = <T extends Socket>(socket: T): T => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    return socket
  }
  return {
    bounds: () => handshakes.bounds(),
    waiting: () => handshakes.waiting,
    /** Resolves when the plane has it. */
    silent: async (count: number) => {
      const sockets = Array.from({ length: count }, () => kept(connect(where)))
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      return sockets
    },
    come: (more: object = {}): TLSSocket => kept(secured({ ...where, rejectUnauthorized: false, ...more })),
  }
}

async function answered(socket: TLSSocket): Promise<boolean> {
  if (!socket.authorizationError && !socket.authorized) await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  await once(socket, 'close')
  return text.endsWith('yes')
}

t.test('more are under way where the loop waits for the network, and fewer where it is busy', async (t) => {
  const limits = { atLeast: 16, atOnce: 400 }
  const after = (looks: number, from: number, utilization: number) =>
    Array.from({ length: looks }).reduce<number>((atOnce) => atOnceNow(atOnce, utilization, limits), from)
  t.strictSame([after(1, 16, 0.1), after(10, 16, 0.1)], [24, 400])
  t.strictSame([after(1, 400, 0.95), after(20, 400, 0.95)], [200, 16])
  t.equal(atOnceNow(3, 0.95, { atLeast: 32, atOnce: 3 }), 3, 'never more than may be')
})

t.test('who comes is let through and answered, and takes no room afterwards', async (t) => {
  const { come, bounds } = await setUp(t, { atOnce: 2 })
  t.strictSame(await Promise.all(Array.from({ length: 8 }, () => answered(come()))), Array(8).fill(true))
  t.match(bounds(), [
    { name: 'handshakes', now: 0, most: 2, refused: 0 },
    { name: 'handshakes_waiting', now: 0, refused: 0 },
  ])
})

t.test('who does not go on makes room for who waits, and is counted', async (t) => {
  const { come, silent, bounds } = await setUp(t, { atOnce: 3, stalledMs: 300 })
  const slow = await silent(3)
  await waitFor(() => bounds()[0]?.now === 3, { what: 'all to be under way', withinMs })
  t.ok(await answered(come()))
  t.match(bounds()[0], { refused: 1 })
  await waitFor(() => slow.filter(({ destroyed }) => destroyed).length === 1, { what: 'one to be cut', withinMs })
})

t.test('who does not go on is left alone while there is room for all', async (t) => {
  const { come, silent, bounds } = await setUp(t, { atOnce: 3, stalledMs: 1 })
  await silent(2)
  t.ok(await answered(come()))
  t.match(bounds(), [{ now: 2, refused: 0 }])
})

t.test('who waits for his turn is counted, and who is gone is not', async (t) => {
  const { silent, waiting } = await setUp(t, { atOnce: 1, stalledMs: 600_000, patienceMs: 600_000 })
  const there = await silent(5)
  await waitFor(() => waiting() === 4, { what: 'all but one to wait', withinMs })
  for (const socket of there) socket.destroy()
  await waitFor(() => waiting() === 0, { what: 'nobody to wait', withinMs })
})

t.test('beyond those who may wait nobody is taken, and who waited too long goes', async (t) => {
  const { silent, bounds } = await setUp(t, { atOnce: 1, waiting: 2, stalledMs: 600_000, patienceMs: 200 })
  const slow = await silent(5)
  await waitFor(() => slow.filter(({ destroyed }) => destroyed).length === 4, {
    what: 'all but one to be cut',
    withinMs,
  })
  t.match(bounds(), [
    { now: 1, refused: 0 },
    { now: 0, most: 2, refused: 4 },
  ])
})

t.test('who says more than anybody has to say before it is his turn has none', async (t) => {
  const { silent, bounds } = await setUp(t, { atOnce: 1, stalledMs: 600_000 })
  const [first, second] = [...(await silent(1)), ...(await silent(1))]
  await waitFor(() => bounds()[1]?.now === 1, { what: 'the second to wait', withinMs })
  second?.write(Buffer.alloc(40_000, 22))
  await waitFor(() => second?.destroyed, { what: 'its end', withinMs })
  t.equal(first?.destroyed, false)
  t.match(bounds(), [{ now: 1 }, { now: 0, refused: 1 }])
})

t.test('who waits and ends leaves no trace, and those behind him go on', async (t) => {
  const { come, silent, bounds } = await setUp(t, { atOnce: 1, stalledMs: 600_000 })
  const [first] = await silent(1)
  await waitFor(() => bounds()[0]?.now === 1, { what: 'the first to be under way', withinMs })
  const [second] = await silent(1)
  await waitFor(() => bounds()[1]?.now === 1, { what: 'the second to wait', withinMs })
  const third = answered(come())
  await waitFor(() => bounds()[1]?.now === 2, { what: 'the third to wait', withinMs })
  second?.destroy()
  first?.destroy()
  t.ok(await third)
  await waitFor(() => bounds()[0]?.now === 0, { what: 'nobody to be under way', withinMs })
})

t.test('whatever a stranger says in a handshake ends it or is passed over, and others are answered', async (t) => {
  const { come, silent, bounds } = await setUp(t, {})
  const many = Array.from({ length: 6_000 }, (_, index) => `p${index}`)
  const stranger = await someAuthority()
  const own = await someNode(stranger)
  const chain = stranger.pem.repeat(400)
  const ends: Promise<unknown>[] = [
    come({ ALPNProtocols: many }),
    come({ servername: `${'aaaaaaaaa.'.repeat(24)}example.com` }),
    come({ cert: own.pem + chain, key: own.key }),
  ].map((socket) => Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {}))
  const [plain, torn, long] = await silent(3)
  plain?.write('GET / HTTP/1.1\r\n\r\n')
  torn?.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]))
  torn?.end()
  // A record whose head promises more than any may hold.
  long?.write(Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), Buffer.alloc(65_535)]))
  await Promise.all(ends)
  t.ok(await answered(come()))
  await waitFor(() => [plain, torn, long].every((socket) => socket?.destroyed), { what: 'their ends', withinMs })
  await waitFor(() => bounds()[0]?.now === 0, { what: 'no handshake to be under way', withinMs })
})
