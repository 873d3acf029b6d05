import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeYaml } from '#test/support/landscape/program.ts'
import type { Network } from '#test/support/network.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import type { RunningProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'
import { type Usage, usageOf } from './usage.ts'

/** The servers that are looked after, on every host alike. */
const ports = [8080, 8081, 8082, 8083, 8084] as const
const everySeconds = 5

/** A host with five servers and something that looks after them. */
export type Host = { readonly name: string; readonly watcher: RunningProcess }

/** What looking after five servers took over a time: memory at its highest, in MiB. */
export type Taken = {
  readonly anonymousMib: number
  readonly residentMib: number
  readonly cpuSecondsAnHour: number
  readonly wireBytesASecond: number
}

/** Starts the servers of a host. */
export async function startServers(network: Network, host: string): Promise<readonly RunningProcess[]> {
  const script = join(projectFolder, 'test/support/basic-server.ts')
  return Promise.all(
    ports.map(async (port) => {
      const args = [
        '--name',
        `service-${port}`,
        '--host',
        '0.0.0.0',
        '--port',
        String(port),
        '--keep-alive-ms',
        '65000',
      ]
      const server = await network.spawn(host, process.execPath, [script, ...args])
      await server.ready('its first line', 20_000, () => server.output.includes('listening on'))
      return server
    }),
  )
}

/** How an agent is started: what Node runs, with Node's own options before it, and what is added to its environment. */
export type Way = { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> }

/** Starts an agent on a host. */
export async function startAgent(network: Network, host: string, folder: string, { program, env }: Way): Promise<Host> {
  const configuration = await writeYaml(join(folder, `${host}.yaml`), {
    planes: [`http://${network.addressOf('plane')}:8888`],
    node: { name: host, site: host, address: network.addressOf(host) },
    state_dir: join(folder, host),
    services: ports.map((port) => ({
      name: `service-${port}`,
      port,
      checks: [{ kind: 'http', interval: `${everySeconds}s` }],
    })),
    logging: { level: 'warn' },
  })
  const watcher = await network.spawn(host, process.execPath, [...program, configuration], { env })
  return { name: host, watcher }
}

/** Starts a Consul agent in client mode on a host, with the same five checks. */
export async function startConsulClient(network: Network, host: string, folder: string): Promise<Host> {
  const address = network.addressOf(host)
  const configuration = await writeJson(join(folder, `${host}.json`), {
    datacenter: 'dc1',
    data_dir: join(folder, host),
    bind_addr: address,
    retry_join: [network.addressOf('consul')],
    log_level: 'warn',
    disable_update_check: true,
    ports: { grpc: -1 },
    services: ports.map((port) => ({
      name: `service-${port}`,
      port,
      check: { http: `http://127.0.0.1:${port}/health`, interval: `${everySeconds}s`, timeout: '2s' },
    })),
  })
  const watcher = await network.spawn(host, programOf('consul'), ['agent', '-config-file', configuration])
  return { name: host, watcher }
}

/** Consul reads JSON by the name of its file. */
export async function writeJson(path: string, content: object): Promise<string> {
  await writeFile(path, JSON.stringify(content))
  return path
}

/** Measures hosts over the same time, after they have settled. */
export async function measure(
  network: Network,
  hosts: readonly Host[],
  { settleSeconds, seconds }: { readonly settleSeconds: number; readonly seconds: number },
): Promise<ReadonlyMap<string, Taken>> {
  await passes(settleSeconds)
  const read = () =>
    Promise.all(
      hosts.map(async (host) => ({
        host,
        usage: await usageOf(host.watcher.pid),
        bytes: await network.bytes(host.name),
      })),
    )
  const before = await read()
  const highest = new Map<string, Usage>()
  const endAt = performance.now() + seconds * 1000
  while (performance.now() < endAt) {
    await passes(Math.min(5, (endAt - performance.now()) / 1000))
    for (const { name, watcher } of hosts) highest.set(name, higher(highest.get(name), await usageOf(watcher.pid)))
  }
  const after = await read()
  return new Map(
    after.map(({ host: { name }, usage, bytes }, index) => {
      const [first, most] = [before[index], highest.get(name)]
      const taken: Taken = {
        anonymousMib: (most?.anonymousKib ?? Number.NaN) / 1024,
        residentMib: (most?.residentKib ?? Number.NaN) / 1024,
        cpuSecondsAnHour: ((usage.cpuSeconds - (first?.usage.cpuSeconds ?? Number.NaN)) / seconds) * 3600,
        wireBytesASecond: (bytes - (first?.bytes ?? Number.NaN)) / seconds,
      }
      return [name, taken]
    }),
  )
}

function higher(a: Usage | undefined, b: Usage): Usage {
  return {
    anonymousKib: Math.max(a?.anonymousKib ?? 0, b.anonymousKib),
    residentKib: Math.max(a?.residentKib ?? 0, b.residentKib),
    cpuSeconds: b.cpuSeconds,
  }
}

async function passes(seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  await waitFor(() => performance.now() >= until, { what: 'time', withinMs: seconds * 1000 + 10_000, everyMs: 200 })
}
