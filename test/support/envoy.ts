import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { programOf } from './parts.ts'
import { freePort } from './ports.ts'
import { type Ending, type RunningProcess, spawnProcess } from './process.ts'

export type EnvoyOptions = {
  /** A bootstrap file, or its content; into a content without `admin` that is put. */
  readonly bootstrap: string | object
  /** Needed with a bootstrap file, which names it too; else a free port by default. */
  readonly adminPort?: number
  /** `live`: all that the bootstrap waits for (first answers of xDS) is there. `admin`: its admin page answers. */
  readonly until?: 'live' | 'admin'
  readonly logLevel?: 'info' | 'warn' | 'debug'
}

/** A real Envoy with one worker thread. */
export class EnvoyServer implements AsyncDisposable {
  readonly adminPort: number
  readonly adminUrl: string
  readonly #bootstrap: string
  readonly #logLevel: string
  readonly #folder: Folder
  #process: RunningProcess | undefined

  constructor(adminPort: number, bootstrap: string, logLevel: string, folder: Folder) {
    this.adminPort = adminPort
    this.adminUrl = `http://127.0.0.1:${adminPort}`
    this.#bootstrap = bootstrap
    this.#logLevel = logLevel
    this.#folder = folder
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  get output(): string {
    return this.#process?.output ?? ''
  }

  /** Starts it, also again after `stop` or `kill`. */
  async start(until: 'live' | 'admin' = 'live'): Promise<void> {
    if (this.#process?.running) return
    // Without hot restart Envoy needs no shared memory, over which several on one machine would fall out.
    const args = ['-c', this.#bootstrap, '--concurrency', '1', '--disable-hot-restart', '--log-level', this.#logLevel]
    this.#process = await spawnProcess(programOf('envoy'), args, { name: 'envoy', cwd: this.#folder.path })
    const path = until === 'live' ? '/ready' : '/server_info'
    await this.#process.ready(`its answer to ${path}`, 20_000, (ended) => this.admin(path, ended))
  }

  /** Its admin page's answer as text. Rejects on any status but 200. */
  async admin(path: string, signal?: AbortSignal): Promise<string> {
    const response = await fetch(`${this.adminUrl}${path}`, { signal: signal ?? AbortSignal.timeout(5_000) })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`Envoy answered ${path} with ${response.status}: ${text}`)
    return text
  }

  /** Its counters and gauges whose names match a regular expression (in Envoy's dialect). */
  async stats(filter: string): Promise<ReadonlyMap<string, number>> {
    return parseStats(await this.admin(`/stats?filter=${encodeURIComponent(filter)}`))
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(name)
  }

  async stop(ending: Ending = {}): Promise<void> {
    await this.#process?.stop(ending)
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** The lines `name: number` of Envoy's statistics; histograms are left out. */
export function parseStats(text: string): ReadonlyMap<string, number> {
  const stats = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^(.+): (\d+)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) stats.set(name, Number(value))
  }
  return stats
}

export async function startEnvoy({
  bootstrap,
  adminPort,
  until,
  logLevel = 'warn',
}: EnvoyOptions): Promise<EnvoyServer> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('envoy'))
  const port = adminPort ?? (await freePort())
  const path = await writeBootstrap(folder, bootstrap, port)
  const envoy = stack.use(new EnvoyServer(port, path, logLevel, folder))
  await envoy.start(until)
  stack.move()
  return envoy
}

/** Whether Envoy would start with this configuration, and what it says about it. Nothing is listened on. */
export async function validateEnvoy(bootstrap: string | object): Promise<{ accepted: boolean; output: string }> {
  await using folder = await temporaryFolder('envoy')
  const path = await writeBootstrap(folder, bootstrap, 0)
  const args = ['--mode', 'validate', '-c', path, '--log-level', 'warn', '--disable-hot-restart']
  await using envoy = await spawnProcess(programOf('envoy'), args, { cwd: folder.path })
  const { code } = await envoy.exited
  return { accepted: code === 0, output: envoy.output }
}

async function writeBootstrap(folder: Folder, bootstrap: string | object, adminPort: number): Promise<string> {
  if (typeof bootstrap === 'string') return bootstrap
  const path = join(folder.path, 'envoy.json')
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } }
  await writeFile(path, JSON.stringify({ admin, ...bootstrap }))
  return path
}
