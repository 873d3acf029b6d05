import t from 'tap'
import { AgentClient, helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { quiet, startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import { type ReplicaRows, Replicas } from '../replicas/keep-replicas.ts'
import { spreadAnew } from './leave.ts'

t.setTimeout(60_000)

const until = (look: () => unknown, what: string) => waitFor(look, { what, withinMs: 20_000 })
const self = { holder: 'one', api: 'http://one:8888', key: 'k', machine: 'm1', site: 'tencent', version: '1' }
const moves = { choice: 0, of: 2 }
const asked = (agent: AgentClient) => agent.received.flatMap((said) => (said.type === 'move' ? [said.why] : []))

/** A plane, announced, that loses the store when it is told to. */
async function start(store: Awaited<ReturnType<typeof memoryStore>>, run: string) {
  let away = false
  const gone = <T>(act: () => Promise<T>) => (away ? Promise.reject(new Error('away')) : act())
  const rows: ReplicaRows = {
    beatReplica: (...args) => gone(() => store.beatReplica(...args)),
    dropReplica: store.dropReplica,
    replicas: () => gone(store.replicas),
  }
  const replicas = new Replicas({ rows, self: { ...self, run }, revision: () => 0, log: quiet, beatEveryMs: 20 })
  replicas.announce(() => 0)
  return {
    replicas,
    lose() {
      away = true
    },
    [Symbol.asyncDispose]: () => replicas[Symbol.asyncDispose](),
  }
}

t.test('a plane that has lost the store asks its agents to go while others may have it', async (t) => {
  await using store = await memoryStore()
  await using plane = await startAgentsPlane()
  await using one = await start(store, 'r1')
  await using agent = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), moves }))
  const look = () => spreadAnew({ replicas: one.replicas, sessions: plane.sessions, log: quiet })
  {
    await using _two = await start(store, 'r2')
    await until(() => one.replicas.others().length === 1, 'the other plane')
    look()
    t.strictSame(asked(agent), [], 'all is well')
    one.lose()
  }
  await until(() => {
    look()
    return asked(agent).length
  }, 'the agent to be asked')
  agent.send({ type: 'stays' })
  look()
  await agent.reported([], { whole: true })
  t.strictSame(asked(agent), ['leaving'], 'who stays is left in peace')
  t.equal(agent.closed, undefined)
})

t.test('one that was alone keeps its agents when it has lost the store', async (t) => {
  await using store = await memoryStore()
  await using plane = await startAgentsPlane()
  await using one = await start(store, 'r1')
  await until(() => one.replicas.lookedAgoMs < 1_000, 'the first look')
  await using agent = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), moves }))
  one.lose()
  await until(() => one.replicas.lookedAgoMs > 5_500, 'the others to take it for dead')
  spreadAnew({ replicas: one.replicas, sessions: plane.sessions, log: quiet })
  await agent.reported([], { whole: true })
  t.strictSame(asked(agent), [])
})
