import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeYaml } from '#test/support/landscape/program.ts'
import { freePorts } from '#test/support/ports.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { type Asked, askTls } from '#test/support/tls-plane.ts'
import { asShippedPlane, type Shipped } from '../../setup/bundle.ts'
import { type Usage, usageOf } from '../footprint/usage.ts'
import { collectGarbage } from './collect-garbage.ts'
import { type AuthorityFiles, writeAuthority } from './memberships.ts'

/** What is measured has one core to itself; what asks it has another. */
export const measuredCore = '0'
export const askingCore = availableParallelism() > 1 ? '1' : '0'

/** A plane on one core, without sinks: what it costs by itself, bundled and started as it is shipped. */
export class MeasuredPlane implements AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Who signs for it, where it is asked over TLS. */
  readonly #authority: AuthorityFiles | undefined
  readonly #start: () => Promise<RunningProcess>
  readonly #inspector: number
  #process: RunningProcess

  private constructor(
    { port, inspector, authority }: Placed,
    start: () => Promise<RunningProcess>,
    process: RunningProcess,
  ) {
    this.url = urlOf({ port, authority })
    this.port = port
    this.#authority = authority
    this.#inspector = inspector
    this.#start = start
    this.#process = process
  }

  /**
   * @param folder where it keeps what it must; settings are those of its configuration, besides those that it needs to run
   * @param tls whether agents come with certificates; callers of its API need nothing either way
   */
  static async start(folder: string, settings: object = {}, { tls = false } = {}): Promise<MeasuredPlane> {
    const [port = 0, xds = 0, inspector = 0] = await freePorts(3)
    const authority = tls ? await writeAuthority(folder) : undefined
    const secured = authority ? { identity: { authority }, access: { required: false } } : {}
    const configuration = await writeYaml(join(folder, 'plane.yaml'), {
      api: { port, tls },
      ...secured,
      journal: { path: join(folder, 'plane.db') },
      routing: { xds: { port: xds } },
      logging: { level: 'warn' },
      ...settings,
    })
    const shipped = await asShippedPlane(join(folder, 'program'), 'heddle-plane', 'control-plane/main.ts')
    const placed = { port, inspector, authority }
    const begin = () => start(shipped, placed, configuration)
    return new MeasuredPlane(placed, begin, await begin())
  }

  get pid(): number {
    return this.#process.pid
  }

  get output(): string {
    return this.#process.output
  }

  usage(): Promise<Usage> {
    return usageOf(this.#process.pid)
  }

  /** What it holds, without the garbage that it has not given back yet. */
  async held(): Promise<Usage> {
    await collectGarbage(this.#inspector)
    return usageOf(this.#process.pid)
  }

  /** Ends it as a crash does, and starts it again. */
  async crash(): Promise<void> {
    await this.#process.kill()
    this.#process = await this.#start()
  }

  /** A figure of its metrics page; NaN: it has none. */
  async figure(name: string): Promise<number> {
    const { body: text } = await ask(`${this.url}/metrics`)
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  }

  /** Its event-loop lag since this was asked last, P99 in milliseconds. */
  async lagMs(): Promise<number> {
    return (await this.figure('heddle_loop_lag_p99_seconds')) * 1_000
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await ask(`${this.url}${path}`)
    if (status !== 200) throw new Error(`GET ${path} was answered with ${status}`)
    return JSON.parse(body) as T
  }

  /** The events after a revision, each with its kind. */
  async events(after: number): Promise<readonly FleetEvent[]> {
    const events: FleetEvent[] = []
    for (let from = after; ; ) {
      const page = await this.get<readonly FleetEvent[]>(`/v1/events?after=${from}&limit=1000`)
      events.push(...page)
      const last = page.at(-1)
      if (!last) return events
      from = last.revision
    }
  }

  /** As whom agents may come; undefined: as anybody. */
  async member(): Promise<Member | undefined> {
    const authority = this.#authority
    if (!authority) return undefined
    const { installation } = await this.get<{ readonly installation: string }>('/v1/identity')
    return { authority, installation }
  }

  async revision(): Promise<number> {
    return (await this.get<{ readonly revision: number }>('/v1/status')).revision
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop()
  }
}

/** What a fleet needs to be let in over TLS. */
export type Member = { readonly authority: AuthorityFiles; readonly installation: string }

type Placed = { readonly port: number; readonly inspector: number; readonly authority: AuthorityFiles | undefined }

function urlOf({ port, authority }: Pick<Placed, 'port' | 'authority'>): string {
  return `${authority ? 'https' : 'http'}://127.0.0.1:${port}`
}

async function ask(url: string): Promise<Asked> {
  if (url.startsWith('https:')) return askTls(url)
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) })
  return { status: response.status, body: await response.text() }
}

export type FleetEvent = { readonly revision: number; readonly kind: string; readonly change?: unknown }

async function start({ program, env }: Shipped, placed: Placed, configuration: string): Promise<RunningProcess> {
  const node = [process.execPath, `--inspect=127.0.0.1:${placed.inspector}`, ...program, configuration]
  const plane = await spawnProcess('taskset', ['-c', measuredCore, ...node], {
    name: 'plane',
    env,
  })
  await plane.ready('its health page', 60_000, async () => {
    const { status } = await ask(`${urlOf(placed)}/health`).catch(() => ({ status: 0 }))
    return status === 200
  })
  return plane
}

/** Keeps a process with all of its threads to one core. */
export async function pin(pid: number | undefined, core: string): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', core, String(pid)])
}

/** Throws where a process may not have as many files open as so many connections take. */
export async function needFiles(connections: number): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8')
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  if (soft < connections + 200) {
    throw new Error(
      `${connections} connections take more files than a process may open here (${soft}); raise it by ulimit -n`,
    )
  }
}
