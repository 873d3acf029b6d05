import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Metric } from '#shared/protocol/messages.ts'
import type { MeasuredProcess, MeasureOthers } from '../privileged/measured-process.ts'
import { inodesByPort, type ProcessTimes, parseProcessTimes, residentBytes, threadCount } from './proc.ts'
import { metric } from './read-host.ts'

export type Measured = { readonly id: string; readonly port: number }

/** `others`: this user cannot see what they hold open. */
type Known = { readonly pids: readonly string[]; readonly inodes: readonly string[]; readonly others?: boolean }
type Before = { readonly at: number; readonly times: ReadonlyMap<string, ProcessTimes> }
/** The oldest process behind an instance, and how often it has been another one since it was first seen. */
type Run = { readonly process: string; readonly restarts: number }

// Linux tells process times in hundredths of a second on every architecture that Node runs on.
const ticksASecond = 100

/**
 * Measures the processes behind instances, found by the port that they listen on. Reads only what this user may; for processes of others it
 * asks `measureOthers`, and what nobody tells is left out. Looks through all processes only when a listening socket is new.
 */
export class ProcessMeter {
  readonly #known = new Map<string, Known>()
  readonly #before = new Map<string, Before>()
  readonly #runs = new Map<string, Run>()
  readonly #measureOthers: MeasureOthers

  constructor(measureOthers: MeasureOthers = async () => []) {
    this.#measureOthers = measureOthers
  }

  async measure(instances: readonly Measured[]): Promise<readonly Metric[]> {
    const ids = new Set(instances.map(({ id }) => id))
    for (const known of [this.#known, this.#before, this.#runs]) {
      for (const id of known.keys()) {
        if (!ids.has(id)) known.delete(id)
      }
    }
    await this.#find(instances)
    const others = await this.#others()
    const metrics: Metric[] = []
    for (const { id } of instances) metrics.push(...(await this.#measureOne(id, others)))
    return metrics
  }

  async #find(instances: readonly Measured[]): Promise<void> {
    if (instances.length === 0) return
    const tables = `${await read('/proc/net/tcp')}\n${await read('/proc/net/tcp6')}`
    const listening = inodesByPort(tables)
    const sought = new Map<string, string>()
    for (const { id, port } of instances) {
      const inodes = listening.get(port) ?? []
      if (this.#known.get(id)?.inodes.join() === inodes.join()) continue
      this.#known.set(id, { pids: [], inodes })
      for (const inode of inodes) sought.set(`socket:[${inode}]`, id)
    }
    if (sought.size === 0) return
    const holders = await holdersOf(sought)
    for (const [id, pids] of holders) {
      this.#known.set(id, { pids, inodes: this.#known.get(id)?.inodes ?? [] })
    }
    // What nobody of this user holds, somebody else does.
    const unseen = [...sought].filter(([, id]) => this.#known.get(id)?.pids.length === 0)
    const sockets = unseen.map(([socket]) => Number(/\d+/.exec(socket)?.[0]))
    const found = unseen.length > 0 ? await this.#measureOthers({ sockets }) : []
    for (const id of new Set(unseen.map(([, id]) => id))) {
      const inodes = this.#known.get(id)?.inodes ?? []
      const holds = ({ sockets }: MeasuredProcess) => sockets.some((inode) => inodes.includes(String(inode)))
      const pids = found.filter(holds).map(({ pid }) => String(pid))
      this.#known.set(id, { pids, inodes, others: true })
    }
  }

  /** The processes of others behind instances, as they are now. */
  async #others(): Promise<ReadonlyMap<string, MeasuredProcess>> {
    const pids = [...this.#known.values()].flatMap(({ others, pids }) => (others ? pids.map(Number) : []))
    const measured = pids.length > 0 ? await this.#measureOthers({ pids: [...new Set(pids)] }) : []
    return new Map(measured.map((other) => [String(other.pid), other]))
  }

  async #measureOne(id: string, others: ReadonlyMap<string, MeasuredProcess>): Promise<readonly Metric[]> {
    const times = new Map<string, ProcessTimes>()
    let memory = 0
    let threads = 0
    let files: number | undefined = 0
    for (const pid of this.#known.get(id)?.pids ?? []) {
      const other = others.get(pid)
      if (other) {
        times.set(pid, other)
        memory += other.memory
        threads += other.threads
        files = files === undefined || other.files === undefined ? undefined : files + other.files
        continue
      }
      const at = parseProcessTimes(await read(`/proc/${pid}/stat`))
      if (at === undefined) continue
      times.set(pid, at)
      const status = await read(`/proc/${pid}/status`)
      memory += residentBytes(status) ?? 0
      threads += threadCount(status) ?? 0
      const open = await list(`/proc/${pid}/fd`)
      files = files === undefined || open === undefined ? undefined : files + open.length
    }
    if (times.size === 0) return []
    const now = { at: performance.now(), times }
    const before = this.#before.get(id)
    this.#before.set(id, now)
    return [
      ...metric('process_cpu_usage', before && usageBetween(before, now), 'percent', id),
      ...metric('process_memory', memory, 'bytes', id),
      ...metric('process_files', files, 'count', id),
      ...metric('process_threads', threads, 'count', id),
      ...metric('process_restarts', this.#restartsOf(id, times), 'count', id),
    ]
  }

  /** Counts since the agent began. A program's oldest process stays when it replaces its workers. */
  #restartsOf(id: string, times: Before['times']): number {
    const [oldest] = [...times].sort(([, a], [, b]) => a.startedAt - b.startedAt)
    const process = oldest ? `${oldest[0]} ${oldest[1].startedAt}` : ''
    const known = this.#runs.get(id)
    const restarts = known === undefined ? 0 : known.restarts + (known.process === process ? 0 : 1)
    this.#runs.set(id, { process, restarts })
    return restarts
  }
}

/** Of one processor, in percent: several busy threads are over 100. */
function usageBetween(before: Before, now: Before): number | undefined {
  const seconds = (now.at - before.at) / 1000
  if (seconds <= 0) return undefined
  let ticks = 0
  for (const [pid, { ticks: used, startedAt }] of now.times) {
    const earlier = before.times.get(pid)
    ticks += earlier?.startedAt === startedAt ? used - earlier.ticks : used
  }
  return Math.round((ticks / ticksASecond / seconds) * 1000) / 10
}

/** The processes that hold sockets, by what the sockets stand for. */
async function holdersOf(sought: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, readonly string[]>> {
  const holders = new Map<string, string[]>()
  for (const pid of ((await list('/proc')) ?? []).filter((name) => /^\d+$/.test(name))) {
    const held = new Set<string>()
    for (const descriptor of (await list(`/proc/${pid}/fd`)) ?? []) {
      // Processes and their files come and go while we look.
      const id = sought.get(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))
      if (id !== undefined) held.add(id)
    }
    for (const id of held) holders.set(id, [...(holders.get(id) ?? []), pid])
  }
  return holders
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function list(path: string): Promise<readonly string[] | undefined> {
  return readdir(path).catch(() => undefined)
}
