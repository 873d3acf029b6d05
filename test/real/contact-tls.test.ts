import { Agent } from 'node:https'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { NodeView } from '#shared/protocol/api.ts'
import { EnrolledAgent } from '#test/support/enrolled-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

/** More than may have their handshake under way at once, and as many again as are a crowd. */
const crowd = 1_000

await using plane = await TlsPlane.start()
const [, port] = plane.url.match(/:(\d+)$/) ?? []

/** Its connection is there before the crowd is. */
const asking = new Agent({ keepAlive: true, maxSockets: 1 })
t.teardown(() => asking.destroy())

async function contact(): Promise<string | undefined> {
  const { body } = await plane.ask('/v1/nodes', { agent: asking })
  const [node] = JSON.parse(body) as readonly NodeView[]
  return node?.contact
}

/** Connections that never say a word; who is cut off comes again. */
function comeInCrowds(): Disposable {
  const sockets = new Set<Socket>()
  let isOver = false
  const come = () => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      if (!isOver) come()
    })
  }
  for (let count = 0; count < crowd; count += 1) come()
  return {
    [Symbol.dispose]() {
      isOver = true
      for (const socket of sockets) socket.resetAndDestroy()
    },
  }
}

await t.test('who may be among those that wait for their handshake is not suspect', async (t) => {
  await using agent = await EnrolledAgent.start([plane.url], plane.tokenFile)
  await waitFor(async () => (await contact()) === 'connected', { what: 'the agent', withinMs: 30_000 })
  {
    using _crowd = comeInCrowds()
    await sleep(1_000)
    await agent.agent.kill()
    await sleep(4_000)
    t.equal(await contact(), 'connected')
  }
  await waitFor(async () => (await contact()) === 'suspect', { what: 'doubt once they are gone', withinMs: 30_000 })
})
