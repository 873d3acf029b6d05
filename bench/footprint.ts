import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod/mini'
import { StatusView } from '#shared/protocol/status-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { shippedAgent } from '../setup/bundle.ts'
import {
  measure,
  startAgent,
  startConsulClient,
  startServers,
  type Taken,
  type Way,
  writeJson,
} from './footprint/host.ts'
import { atMost, type BenchResult } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)

/**
 * What the agent takes beside five servers that it checks every 5 s: as it is shipped, and as its sources lie; beside them a Consul agent
 * in client mode with the same five checks. Each on a host of its own, all over the same time. Needs root for the hosts' networks.
 *
 *   --seconds 180 --settle 60
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, settle: { type: 'string' } },
  })
  const seconds = Number(values.seconds ?? 180)
  const settleSeconds = Number(values.settle ?? 60)
  const why = await whyNoNetwork()
  if (why) throw new Error(why)
  const shipped = await shippedAgent()

  await using folder = await temporaryFolder('footprint')
  const agents = waysToStart(shipped)
  await using network = await Network.open(['plane', 'consul', 'client', ...Object.keys(agents)])
  await using stack = new AsyncDisposableStack()
  const plane = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { address: '0.0.0.0', port: 8888, insecure: true },
    access: { required: false },
    journal: { path: join(folder.path, 'plane.db') },
    routing: { xds: { address: '127.0.0.1', port: 18000 } },
    logging: { level: 'warn' },
  })
  stack.use(await network.spawn('plane', process.execPath, [join(projectFolder, 'control-plane/main.ts'), plane]))
  const server = await writeJson(join(folder.path, 'consul.json'), {
    datacenter: 'dc1',
    server: true,
    bootstrap_expect: 1,
    data_dir: join(folder.path, 'consul'),
    bind_addr: network.addressOf('consul'),
    log_level: 'warn',
    disable_update_check: true,
  })
  stack.use(await network.spawn('consul', programOf('consul'), ['agent', '-config-file', server]))
  for (const host of ['client', ...Object.keys(agents)]) {
    for (const started of await startServers(network, host)) stack.use(started)
  }
  const hosts = [await startConsulClient(network, 'client', folder.path)]
  for (const [host, way] of Object.entries(agents)) hosts.push(await startAgent(network, host, folder.path, way))
  for (const { watcher } of hosts) stack.use(watcher)
  say(`settling for ${settleSeconds} s, measuring for ${seconds} s`)
  const taken = await measure(network, hosts, { settleSeconds, seconds })
  await allLookedAfter(network, 5 * Object.keys(agents).length)

  const of = (host: string) => taken.get(host) ?? nothing
  const [ours, client] = [of('shipped'), of('client')]
  return {
    bench: 'footprint',
    goals: [
      atMost('anonymous memory', ours.anonymousMib, 'MiB', 36),
      atMost('resident memory', ours.residentMib, 'MiB', 95),
      atMost('CPU', (ours.cpuSecondsAnHour / 3600) * 100, '% of a core', 0.5),
    ],
    neighbour: { name: 'Consul 1.8.7 agent in client mode, the same five checks', ...figures(client) },
    figures: Object.assign({ seconds }, ...Object.keys(agents).map((host) => named(host, figures(of(host))))),
  }
}

/** From the sources as they lie to the agent as it is shipped, so that it shows what each step brings. */
function waysToStart(shipped: Way): Readonly<Record<string, Way>> {
  const bundled = shipped.program.slice(-1)
  return {
    source: { program: [join(projectFolder, 'agent/main.ts')], env: {} },
    bundled: { program: bundled, env: {} },
    options: { program: shipped.program, env: {} },
    shipped,
  }
}

/** That the checks were really made: all of them pass, in the plane and in the Consul client. */
async function allLookedAfter(network: Network, instancesOfAgents: number): Promise<void> {
  const ask = async (host: string, url: string) => {
    const script = `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then((text) => process.stdout.write(text))`
    const asked = await network.spawn(host, process.execPath, ['-e', script])
    await asked.exited
    return asked.output
  }
  const { instances } = z.parse(StatusView, JSON.parse(await ask('plane', 'http://127.0.0.1:8888/v1/status')))
  if (instances.passing !== instancesOfAgents) {
    throw new Error(`${instances.passing} of ${instancesOfAgents} instances pass`)
  }
  const checks = z.parse(
    z.record(z.string(), z.object({ Status: z.string() })),
    JSON.parse(await ask('client', 'http://127.0.0.1:8500/v1/agent/checks')),
  )
  const passing = Object.values(checks).filter(({ Status }) => Status === 'passing').length
  if (passing !== 5) throw new Error(`${passing} of the 5 checks of the Consul client pass`)
}

const nothing: Taken = {
  anonymousMib: Number.NaN,
  residentMib: Number.NaN,
  cpuSecondsAnHour: Number.NaN,
  wireBytesASecond: Number.NaN,
}

function figures(taken: Taken): Readonly<Record<string, number>> {
  const tenths = (value: number) => Math.round(value * 10) / 10
  return {
    anonymous_mib: tenths(taken.anonymousMib),
    resident_mib: tenths(taken.residentMib),
    cpu_seconds_an_hour: tenths(taken.cpuSecondsAnHour),
    wire_bytes_a_second: Math.round(taken.wireBytesASecond),
  }
}

function named(prefix: string, all: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`${prefix}_${name}`, value]))
}
