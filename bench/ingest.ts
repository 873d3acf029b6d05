import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { PlaneView } from '#test/support/landscape/plane-view.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Offered } from './ingest/offer.ts'
import { atLeast, atMost, type BenchResult } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** What is measured has one core to itself; what asks it has another. */
const measuredCore = '0'
const askingCore = availableParallelism() > 1 ? '1' : '0'
const wanted = { reports: 30_000, heartbeats: 10_000 }
/** A little more is offered than is wanted, since the last answers come after the end. */
const offeredShare = 1.05
const connections = 100
/** Seconds of the same before counting begins. */
const warm = 5

/**
 * How much a plane on one core takes in while it mirrors: reports over sessions, heartbeats of clients without an agent. Beside it a
 * Consul server on one core that is told the same by its agent's TTL checks.
 *
 *   --seconds 15 --sessions 500 --clients 2000
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = { seconds: { type: 'string' }, sessions: { type: 'string' }, clients: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const seconds = Number(values.seconds ?? 15)
  const sessions = Number(values.sessions ?? 500)
  const clients = Number(values.clients ?? 2_000)
  await using folder = await temporaryFolder('ingest')
  const ours = await measurePlane(folder, { seconds, sessions, clients })
  const theirs = await measureConsul(folder, { seconds, clients })
  const { reports, heartbeats } = ours
  return {
    bench: 'ingest',
    goals: [
      atLeast('reports over sessions', reports.answeredASecond, 'a second', wanted.reports),
      atMost('report to acknowledgement, P95', reports.p95Ms, 'ms', 100),
      atMost('event-loop lag under reports, P99', reports.lagMs, 'ms', 20),
      atLeast('heartbeats of clients', heartbeats.answeredASecond, 'a second', wanted.heartbeats),
      atMost('heartbeat to answer, P95', heartbeats.p95Ms, 'ms', 100),
      atMost('event-loop lag under heartbeats, P99', heartbeats.lagMs, 'ms', 20),
    ],
    neighbour: {
      name: 'Consul 1.8.7 on one core, TTL checks of its agent API at the same rate',
      answered_a_second: Math.round(theirs.answeredASecond),
      p95_ms: Math.round(theirs.p95Ms),
      failed: theirs.failed,
    },
    figures: {
      seconds,
      sessions,
      clients,
      reports_failed: reports.failed,
      reports_p50_ms: Math.round(reports.p50Ms),
      heartbeats_failed: heartbeats.failed,
      heartbeats_p50_ms: Math.round(heartbeats.p50Ms),
    },
  }
}

type Told = Offered & { readonly lagMs: number }
type Measured = { readonly reports: Told; readonly heartbeats: Told }

async function measurePlane(
  folder: Folder,
  { seconds, sessions, clients }: { readonly seconds: number; readonly sessions: number; readonly clients: number },
): Promise<Measured> {
  await using zervigo = await startConsul({ datacenter: 'zervigo-dc' })
  await using looma = await startConsul({ datacenter: 'looma-dc' })
  for (const { pid } of [zervigo, looma]) await pin(pid, askingCore)
  const [port = 0, xds = 0] = await freePorts(2)
  const configuration = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { port },
    journal: { path: join(folder.path, 'plane.db') },
    mirror: {
      datacenters: [zervigo, looma].map(({ datacenter, url }) => ({ name: datacenter, address: url })),
    },
    routing: { xds: { port: xds } },
    logging: { level: 'warn' },
  })
  const url = `http://127.0.0.1:${port}`
  const program = [process.execPath, join(projectFolder, 'control-plane/main.ts'), configuration]
  await using plane = await spawnProcess('taskset', ['-c', measuredCore, ...program], { name: 'plane' })
  await plane.ready('its health page', 20_000, async (ended) => (await fetch(`${url}/health`, { signal: ended })).ok)

  say(`registering ${clients} clients`)
  const paths = await registerClients(url, clients)
  await followed(url)
  say(`${wanted.heartbeats} heartbeats a second for ${seconds} s`)
  const heartbeats = await heartbeatsTo(folder, port, {
    paths,
    rate: wanted.heartbeats * offeredShare,
    seconds,
    method: 'POST',
    plane: url,
  })

  say(`${wanted.reports} reports a second over ${sessions} sessions for ${seconds} s`)
  const script = join(projectFolder, 'bench/ingest/sessions.ts')
  const reports = await load(script, { url, sessions, rate: wanted.reports * offeredShare, seconds, warm })
  return { reports, heartbeats }
}

async function measureConsul(
  folder: Folder,
  { seconds, clients }: { readonly seconds: number; readonly clients: number },
): Promise<Told> {
  await using consul: ConsulServer = await startConsul({ datacenter: 'neighbour' })
  await pin(consul.pid, measuredCore)
  say(`registering ${clients} services in the neighbour`)
  const ids = Array.from({ length: clients }, (_, index) => `client-${index}`)
  await inLanes(ids, (id) =>
    consul.request('PUT', '/v1/agent/service/register', {
      Name: 'client',
      ID: id,
      Check: { TTL: '300s', Status: 'passing' },
    }),
  )
  const paths = ids.map((id) => `/v1/agent/check/pass/service:${id}`)
  return await heartbeatsTo(folder, consul.port, {
    paths,
    rate: wanted.heartbeats * offeredShare,
    seconds,
    method: 'PUT',
  })
}

async function registerClients(url: string, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `client-${String(index).padStart(5, '0')}`)
  await inLanes(ids, async (id) => {
    const index = Number(id.slice(-5))
    const response = await fetch(`${url}/cluster/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        service_name: 'client',
        service_type: 'basic-server',
        instance_id: id,
        node_id: 'bench',
        address: `10.9.${index >> 8}.${index & 255}`,
        port: 8080,
      }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${id} was not registered: ${response.status} ${text}`)
  })
  return ids.map((id) => `/cluster/heartbeat/${id}`)
}

/** Waits until both Consuls show everything. */
async function followed(url: string): Promise<void> {
  const view = new PlaneView(url)
  await waitFor(() => view.status(), {
    what: 'both Consuls to follow',
    withinMs: 120_000,
    everyMs: 500,
    until: ({ sinks, revision }) => sinks.every(({ proven }) => proven?.revision === revision),
  })
}

type Beating = {
  readonly paths: readonly string[]
  readonly rate: number
  readonly seconds: number
  readonly method: string
  /** Whose event-loop lag is told. */
  readonly plane?: string
}

async function heartbeatsTo(folder: Folder, port: number, { paths, ...rest }: Beating): Promise<Told> {
  const file = join(folder.path, 'paths')
  await writeFile(file, `${paths.join('\n')}\n`)
  return load(join(projectFolder, 'bench/ingest/heartbeats.ts'), { ...rest, port, connections, paths: file, warm })
}

async function load(script: string, options: Readonly<Record<string, string | number>>): Promise<Told> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  await using running = await spawnProcess('taskset', ['-c', askingCore, process.execPath, script, ...args], {
    name: script,
  })
  const { code } = await running.exited
  if (code !== 0) throw new Error(`${script} failed:\n${running.output}`)
  return JSON.parse(running.output.trim().split('\n').at(-1) ?? '')
}

/** Keeps a process with all of its threads to one core. */
async function pin(pid: number | undefined, core: string): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', core, String(pid)])
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values()
  const lane = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: 32 }, lane))
}
