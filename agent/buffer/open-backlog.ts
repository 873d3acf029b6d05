import { randomBytes } from 'node:crypto'
import type { Logger } from '#shared/logging/logger.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import { fold } from './fold.ts'
import { Lane, type LaneState } from './lane.ts'
import { type Clock, type Moment, machineClock } from './moment.ts'
import type { Edge, Sample } from './record.ts'
import { SegmentFiles } from './segment-files.ts'
import { thin } from './thin.ts'

export type LaneName = 'edges' | 'samples'

export type BacklogSettings = {
  /** Where it is kept. */
  readonly folder: string
  /** All of it on the disk, in bytes. */
  readonly mostBytes: number
}

export type BacklogState = {
  readonly mostBytes: number
  readonly edges: LaneState
  readonly samples: LaneState
  /** Why nothing can be written at present, if so: it goes on in memory, within bounds. */
  readonly failure: string | undefined
}

/** The oldest that the plane has not been told. */
export type Untold =
  | { readonly kind: 'edges'; readonly log: string; readonly records: readonly Edge[] }
  | { readonly kind: 'samples'; readonly log: string; readonly records: readonly Sample[] }

/** State changes have this share of the room to themselves. */
export const edgesShare = 1 / 4
/** What the disk does not take may fill so much memory, state changes with their share of it: some five thousand. */
const mostInMemory = 4 * 1024 * 1024
const flushEveryMs = 5_000

/** What happened and was measured on this node and is not acknowledged yet, on disk as soon as the disk takes it. Never rejects. */
export async function openBacklog(
  { folder, mostBytes }: BacklogSettings,
  log: Logger,
  clock?: Clock,
): Promise<Backlog> {
  const lane = <R extends { readonly n: number }>(
    name: LaneName,
    share: number,
    shrink: (records: readonly R[], mostBytes: number) => readonly R[],
  ) =>
    Lane.open<R>({
      files: new SegmentFiles(folder, name),
      log: randomBytes(6).toString('hex'),
      most: Math.floor(mostBytes * share),
      mostInMemory: Math.floor(Math.min(mostInMemory, mostBytes) * share),
      shrink,
    })
  const edges = await lane<Edge>('edges', edgesShare, fold)
  const samples = await lane<Sample>('samples', 1 - edgesShare, thin)
  return new Backlog({ edges, samples }, mostBytes, clock ?? (await machineClock()), log)
}

export class Backlog implements AsyncDisposable {
  readonly #edges: Lane<Edge>
  readonly #samples: Lane<Sample>
  readonly #mostBytes: number
  readonly #clock: Clock
  readonly #log: Logger
  readonly #timer: NodeJS.Timeout
  #failure: string | undefined

  constructor(
    { edges, samples }: { readonly edges: Lane<Edge>; readonly samples: Lane<Sample> },
    mostBytes: number,
    clock: Clock,
    log: Logger,
  ) {
    this.#edges = edges
    this.#samples = samples
    this.#mostBytes = mostBytes
    this.#clock = clock
    this.#log = log
    const { waiting } = edges.state
    if (waiting + samples.state.waiting > 0) {
      log.info({ changes: waiting, measurements: samples.state.waiting }, 'an earlier run left what no plane was told')
    }
    const damagedBytes = edges.state.damagedBytes + samples.state.damagedBytes
    if (damagedBytes > 0) log.warn({ damagedBytes }, 'what an earlier run left is torn at its end, or damaged')
    this.#timer = setInterval(() => void this.flush(), flushEveryMs)
    this.#timer.unref()
    this.#look()
  }

  get state(): BacklogState {
    const [edges, samples] = [this.#edges.state, this.#samples.state]
    return { mostBytes: this.#mostBytes, edges, samples, failure: edges.failure ?? samples.failure }
  }

  get now(): Moment {
    return this.#clock.now()
  }

  /** Whether somebody should be told what `untold` has. */
  get hasNews(): boolean {
    return this.#edges.hasNews || this.#samples.hasNews
  }

  /**
   * A state change, on its way to the disk at once. Resolves to its number.
   * @param at a reading of `performance.now()`
   * @param held it is being told already: `untold` passes it over
   */
  edge(id: string, verdict: Verdict, at: number, held: boolean): number {
    const moment = this.#clock.of(at)
    const n = this.#edges.append((n) => ({ n, id, verdict, at: moment }), held)
    void this.#flush(this.#edges)
    return n
  }

  /** What was measured now. It goes to the disk with the next round, unless it is acknowledged before. */
  sample(metrics: readonly Metric[], held: boolean): number {
    const at = this.now
    return this.#samples.append((n) => ({ n, at, metrics }), held)
  }

  /** The plane has them. */
  acknowledge(lane: LaneName, numbers: readonly number[]): void {
    if (numbers.length === 0) return
    const log = lane === 'edges' ? this.#edges : this.#samples
    log.acknowledge(numbers)
    void this.#flush(log)
  }

  /** They are being told: `untold` passes them over. */
  hold(lane: LaneName, numbers: readonly number[]): void {
    const log = lane === 'edges' ? this.#edges : this.#samples
    log.hold(numbers)
  }

  /** They are not being told any more. */
  release(lane: LaneName, numbers: readonly number[]): void {
    const log = lane === 'edges' ? this.#edges : this.#samples
    log.release(numbers)
  }

  /** Nothing is being told any more: the session is over. */
  releaseAll(): void {
    this.#edges.releaseAll()
    this.#samples.releaseAll()
  }

  /** The oldest that nobody is being told, state changes before measurements, in about `mostBytes`; undefined: there is nothing. */
  async untold(mostBytes: number): Promise<Untold | undefined> {
    const edges = await this.#edges.read(mostBytes)
    if (edges.length > 0) return { kind: 'edges', log: this.#edges.log, records: edges }
    const samples = await this.#samples.read(mostBytes)
    return samples.length > 0 ? { kind: 'samples', log: this.#samples.log, records: samples } : undefined
  }

  /** Makes everything durable, if the disk takes it. */
  async flush(): Promise<void> {
    await this.#flush(this.#edges)
    await this.#flush(this.#samples)
  }

  /** Writes what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#edges.close()
    await this.#samples.close()
    this.#look()
  }

  async #flush(lane: Lane<Edge> | Lane<Sample>): Promise<void> {
    await lane.flush()
    this.#look()
  }

  #look(): void {
    const { failure } = this.state
    const before = this.#failure
    this.#failure = failure
    if (failure !== undefined && before === undefined) {
      this.#log.error({ why: failure }, 'the disk takes nothing; what is not told is kept in memory, within bounds')
    }
    if (failure === undefined && before !== undefined) this.#log.info('the disk takes what is not told again')
  }
}
