import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import type { PastChange } from '#control-plane/fleet/told.ts'
import { EventView, InstanceView, NodeView } from '#shared/protocol/api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, Program, writeYaml } from '#test/support/landscape/program.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(180_000)

const withinMs = 20_000
const check = { kind: 'http', interval: '100ms', timeout: '2s', rise: 1, fall: 1, recheck: '100ms' }
const service = (port: number) => ({ name: 'crm', port, checks: [check], flapping: { enabled: false } })

async function healthOf(agent: RunningAgent) {
  return JSON.parse(await agent.page('/health'))
}

await t.test('what happens while the plane is away arrives in order, also after the agent was killed', async (t) => {
  await using folder = await temporaryFolder('agent-buffer')
  const [port = 0, xds = 0] = await freePorts(2)
  const configuration = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { port },
    journal: { path: join(folder.path, 'heddle.db') },
    routing: { xds: { port: xds } },
  })
  const url = `http://127.0.0.1:${port}`
  await using plane = new Program('plane', 'control-plane/main.ts', configuration, answers(`${url}/health`))
  await plane.start()
  const read = async <T>(path: string, schema: z.ZodMiniType<T>): Promise<T> =>
    z.parse(schema, await (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) })).json())
  const health = async () => (await read('/v1/instances', z.array(InstanceView)))[0]?.health
  const changes = async () => {
    const events = await read('/v1/events?after=0&limit=1000', z.array(EventView))
    return events.filter(({ kind }) => kind === 'history-told').flatMap(({ change }) => change.changes as PastChange[])
  }

  await using server = await startBasicServer({ name: 'crm' })
  await using agent = await RunningAgent.start({
    planes: [url],
    services: [service(server.port)],
    more: { buffer: { replay_within: '0ms' } },
  })
  await waitFor(health, { what: 'the first verdict', withinMs, until: (seen) => seen === 'passing' })
  const turn = async (mode: 'ok' | 'fail') => {
    await server.switch({ mode })
    const word = mode === 'ok' ? 'passing' : 'critical'
    const seen = async () => (await healthOf(agent)).instances[0].health
    await waitFor(seen, { what: word, withinMs, until: (found) => found === word })
  }
  await waitFor(async () => (await healthOf(agent)).buffer.changes.waiting, {
    what: 'the acknowledgement of what is',
    withinMs,
    until: (waiting) => waiting === 0,
  })

  await plane.kill()
  for (const mode of ['fail', 'ok', 'fail', 'ok'] as const) await turn(mode)
  const onDisk = async () => (await healthOf(agent)).buffer.changes
  await waitFor(onDisk, { what: 'the disk', withinMs, until: ({ in_memory }) => in_memory === 0 })
  t.match(await healthOf(agent), { buffer: { state: 'on disk', changes: { waiting: 4, lost: 0 } } })
  await agent.kill()
  await agent.start()
  await turn('ok')
  t.match(await healthOf(agent), { buffer: { changes: { waiting: 5 } } }, 'where it began to look again is told, too')
  await turn('fail')
  const awayUntil = Date.now()
  await plane.start()

  await waitFor(health, { what: 'the present', withinMs, until: (seen) => seen === 'critical' })
  const told = await waitFor(changes, { what: 'the past', withinMs, until: (all) => all.length >= 5 })
  const healths = told.map((change) => change.health)
  t.strictSame(healths.slice(0, 5), ['critical', 'passing', 'critical', 'passing', 'passing'])
  // What is so recent that the first report told it in time is no past.
  t.ok(healths.length === 5 || (healths.length === 6 && healths[5] === 'critical'), healths.join())
  const times = told.map(({ at }) => at)
  t.strictSame(
    times,
    times.toSorted((a, b) => a - b),
  )
  t.ok((times.at(-1) ?? 0) < awayUntil + 1_000, 'each with its own time')
  t.equal(await health(), 'critical', 'the past is no present')
  const told_later = { changes: told.length, lost_changes: 0, lost_measurements: 0 }
  t.match(await read('/v1/nodes', z.array(NodeView)), [{ told_later }])
  await waitFor(async () => (await healthOf(agent)).buffer.changes.waiting, {
    what: 'an empty buffer',
    withinMs,
    until: (waiting) => waiting === 0,
  })
  t.match(
    await (await fetch(`${url}/metrics`)).text(),
    new RegExp(`^heddle_told_later\\{what="changes"\\} ${told.length}$`, 'm'),
  )

  await plane.kill()
  await plane.start()
  await waitFor(health, { what: 'the plane after its restart', withinMs, until: (seen) => seen === 'critical' })
  t.match(await read('/v1/nodes', z.array(NodeView)), [{ told_later }], 'told once')
})
