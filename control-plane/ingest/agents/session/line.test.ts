import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { listen } from '#shared/http/listen.ts'
import { waitFor } from '#test/support/wait.ts'
import { Line } from './line.ts'

/** Both ends of a session, and what the plane says of its end. */
async function setUp(t: Test) {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  const cut: string[] = []
  const lines = new Promise<{ readonly line: Line; readonly socket: WebSocket }>((resolve) => {
    server.on('upgrade', (request, stream: Duplex, head) =>
      sockets.handleUpgrade(request, stream, head, (socket) =>
        resolve({ line: new Line(socket, stream, (why) => cut.push(why)), socket }),
      ),
    )
  })
  const listening = await listen(server, { address: '127.0.0.1', port: 0 }, 'api.port')
  t.teardown(() => listening[Symbol.asyncDispose]())
  const agent = new WebSocket(`ws://127.0.0.1:${listening.port}`)
  t.teardown(() => agent.terminate())
  agent.on('error', () => {})
  await once(agent, 'open')
  return { agent, cut, ...(await lines) }
}

t.test(
  'an agent that does not read is cut off before much waits for it, and nothing is said to it any more',
  async (t) => {
    const { agent, cut, line, socket } = await setUp(t)
    agent.pause()
    const text = JSON.stringify({ type: 'x'.repeat(100_000) })
    let most = 0
    let over = 0
    for (let said = 0; line.open && said < 10_000; said += 1) {
      line.sendText(text, () => {
        over += 1
      })
      most = Math.max(most, socket.bufferedAmount)
      if (said % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    t.strictSame(cut, ['it does not read'])
    t.ok(most < 4 * 1024 * 1024 + 2 * text.length, `${most} bytes`)
    await waitFor(() => socket.readyState === socket.CLOSED, { what: 'its end', withinMs: 20_000 })
    const before = over
    line.sendText(text, () => {
      over += 1
    })
    t.equal(over, before + 1, 'who waits for it to be sent waits no longer')
  },
)

t.test('an agent that reads is told everything', async (t) => {
  const { agent, cut, line } = await setUp(t)
  let heard = 0
  agent.on('message', () => {
    heard += 1
  })
  const text = 'x'.repeat(100_000)
  for (let said = 0; said < 100; said += 1) {
    line.sendText(text)
    await waitFor(() => heard > said, { what: 'the message', withinMs: 20_000, everyMs: 1 })
  }
  t.strictSame(cut, [])
})
