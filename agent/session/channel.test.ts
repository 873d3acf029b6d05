import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { createLogger } from '#shared/logging/logger.ts'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { Channel } from './channel.ts'
import { connect } from './connect.ts'

const log = createLogger({ name: 'test', level: 'silent' })

async function opened(plane: AgentRecorder, pingMs: number): Promise<Channel> {
  const socket = new WebSocket(`${plane.url.replace('http', 'ws')}${sessionPath}`, subprotocol)
  const channel = new Channel(socket, log, pingMs)
  await once(socket, 'open')
  return channel
}

t.test('a plane that is gone without a word is noticed by its silence', async (t) => {
  await using plane = await AgentRecorder.start()
  const channel = await opened(plane, 50)
  plane.freeze()
  t.equal(await channel.ended, 'no answer to pings')
  t.notOk(channel.send({ type: 'goodbye' }))
})

t.test('a plane that answers pings is not given up', async (t) => {
  await using plane = await AgentRecorder.start()
  await using channel = await opened(plane, 30)
  const beats = 10
  for (let n = 1; n <= beats; n += 1) {
    channel.send({ type: 'beat' })
    await plane.until(() => plane.all('beat').length >= n, { what: 'the beat', withinMs: 10_000, everyMs: 20 })
  }
  t.equal(plane.all('beat').length, beats)
})

t.test('a close is waited for half a second at most', async (t) => {
  await using plane = await AgentRecorder.start()
  const channel = await opened(plane, 10_000)
  plane.freeze()
  const startedAt = performance.now()
  await channel[Symbol.asyncDispose]()
  t.ok(performance.now() - startedAt < 8_000)
})

t.test('what cannot be an address of a plane is a failure, no crash', async (t) => {
  const stop = new AbortController()
  t.match(await connect('http://127.0.0.1:1/#x', { type: 'hello' } as never, log, stop.signal), { kind: 'failed' })
  stop.abort()
  t.match(await connect('http://127.0.0.1:1', { type: 'hello' } as never, log, stop.signal), {
    kind: 'failed',
    why: 'stopped',
  })
})
