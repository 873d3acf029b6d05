import { PassThrough } from 'node:stream'
import t from 'tap'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'

t.test('who comes while the sessions are being closed is answered, also where others listen on', async (t) => {
  await using plane = await startAgentsPlane()
  plane.server.on('upgrade', () => {})
  const ended = plane.sessions[Symbol.asyncDispose]()
  const socket = new PassThrough()
  const headers = { 'sec-websocket-protocol': subprotocol }
  plane.server.emit('upgrade', { url: sessionPath, headers, socket }, socket, Buffer.alloc(0))
  t.match(socket.read()?.toString(), /^HTTP\/1.1 503 /)
  await ended
  t.equal(plane.server.listenerCount('upgrade'), 1, 'in the end only the others listen')
})
