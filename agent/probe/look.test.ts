import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import t from 'tap'
import type { HttpProbeSpec } from '#shared/protocol/check.ts'
import { look } from './look.ts'

type Test = { teardown: (end: () => unknown) => void }

async function listening(t: Test, server: Server): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

const never = new AbortController().signal

function lookAt(port: number, more: Partial<HttpProbeSpec> = {}) {
  const spec = { address: '127.0.0.1', port, timeoutMs: 20_000, path: '/health', service: 'crm' }
  return look({ kind: 'http', ...spec, ...more }, never)
}

async function http(t: Test, listener: RequestListener) {
  const seen = { requests: 0 }
  const server = createServer((request, response) => {
    seen.requests += 1
    listener(request, response)
  })
  return { port: await listening(t, server), seen }
}

t.test(
  'a server that answers beside an idle connection would get a wire; it was asked on two connections',
  async (t) => {
    const { port, seen } = await http(t, (_, response) => response.end('{"status": "UP"}'))
    const found = await lookAt(port)
    t.match(found, { verdict: { health: 'passing' }, answer: { status: 200 }, reading: { own: [{ path: 'status' }] } })
    // On a machine that is busy with something else it may have been too slow to tell.
    t.match(found.wire, /^(kept|slow)$/)
    t.equal(seen.requests, 2)
  },
)

t.test('a server that ends each connection gets none', async (t) => {
  const { port, seen } = await http(t, (_, response) => response.setHeader('connection', 'close').end('ok'))
  t.match(await lookAt(port), { verdict: { health: 'passing' }, wire: 'closed' })
  t.equal(seen.requests, 1)
})

t.test('without a complete answer there is nothing to hang a wire on', async (t) => {
  const port = await listening(
    t,
    createTcpServer((socket) => socket.once('data', () => socket.end('220 mail\r\n'))),
  )
  t.match(await lookAt(port), {
    verdict: { health: 'critical' },
    answer: undefined,
    reading: undefined,
    wire: 'unanswered',
  })
})

t.test('any other kind is probed without one', async (t) => {
  const port = await listening(t, createTcpServer())
  const found = await look({ kind: 'tcp', address: '127.0.0.1', port, timeoutMs: 20_000 }, never)
  t.match(found, { verdict: { health: 'passing' }, wire: 'none' })
})
