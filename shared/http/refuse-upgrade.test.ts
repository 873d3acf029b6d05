import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { HalfOpenClient } from '#test/support/agents/half-open-client.ts'
import { listen } from './listen.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'

for (const { status, line } of [
  { status: 400, line: 'HTTP/1.1 400 Bad Request' },
  { status: 403, line: 'HTTP/1.1 403 Forbidden' },
  { status: 404, line: 'HTTP/1.1 404 Not Found' },
  { status: 503, line: 'HTTP/1.1 503 Service Unavailable' },
] as const) {
  t.test(`who is refused with ${status} and keeps its half open does not keep the connection`, async (t) => {
    const server = createServer().on('upgrade', (_request, socket) => refuseUpgrade(socket, status))
    await using listening = await listen(server, { address: '127.0.0.1', port: 0 }, 'api.port')
    const accepted = once(server, 'connection')
    using client = new HalfOpenClient(listening.port, '/agents')
    const [socket] = await accepted
    if (!socket.closed) await once(socket, 'close')
    t.equal(await client.answered(), `${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
}
