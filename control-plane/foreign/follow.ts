import { explainError } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { nextIndex } from '../consul/blocking.ts'
import { ConsulClient } from '../consul/client.ts'
import type { ForeignPolicy } from '../consul/foreign-policy.ts'
import type { ForeignSpec } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { foreignChanges, knownOf } from './changes.ts'
import type { Verdicts } from './health.ts'
import { ForeignList, Wanted } from './list.ts'
import { readForeign, readVerdicts } from './read.ts'

/** How to reach a datacenter, and what to read there. */
export type ForeignDatacenter = {
  readonly name: string
  readonly address: string
  readonly token_file?: string | undefined
  readonly ca_file?: string | undefined
  /** Milliseconds. */
  readonly timeout: number
  readonly foreign: ForeignPolicy
}

export type FollowOptions = {
  readonly datacenter: ForeignDatacenter
  /** The owner of our own records. */
  readonly owner: string
  readonly fleet: FleetView
  readonly record: RecordChange
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
}

/** What is known of the foreign records of one datacenter. */
export type ForeignStatus = {
  readonly datacenter: string
  /** The datacenter has answered since this process started; else its last journalled list stands in. */
  readonly answered: boolean
  /** Why it does not answer now; undefined: it does. */
  readonly error: string | undefined
  readonly instances: number
  /** More than are kept. */
  readonly beyond: number
  readonly copiedTo: readonly string[]
}

type Reading = 'stale' | 'consistent'

type Seen = { readonly specs: ReadonlyMap<string, ForeignSpec>; readonly verdicts: Verdicts }

const waitMs = 60_000
/** A server that reads its log shows its past for some seconds; one that counts from below for longer was built anew. */
const pastMostMs = 120_000
const backoff = { firstMs: 100, mostMs: 10_000 }
/** Because of hints, everything is read at most this share of the time. */
const readingShare = 1 / 20
/** Changes that are recorded together. */
const chunk = 200
/** Ours: one blocking query, one list of checks, and the services that are read at once. */
const mostSockets = 4

/** Follows what others have registered in one datacenter, and records what changes of it. */
export class ForeignFollower implements AsyncDisposable {
  readonly #options: FollowOptions
  readonly #wanted: Wanted
  readonly #consul: ConsulClient
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>
  #specs: ReadonlyMap<string, ForeignSpec> | undefined
  #beyond = 0
  #error: unknown
  #hinted = false
  /** A server may have been started again, which shows its own past until it has read all its log. */
  #mayBePast = true
  /** Monotonic milliseconds. */
  #readAt = 0
  #tookMs = 0

  constructor(options: FollowOptions) {
    const { name, address, token_file, ca_file, timeout, foreign } = options.datacenter
    this.#options = options
    this.#wanted = new Wanted(foreign)
    this.#log = options.log.child({ foreign: name })
    this.#consul = new ConsulClient({
      datacenter: name,
      address,
      tokenFile: token_file,
      caFile: ca_file,
      timeoutMs: timeout,
      mostSockets,
    })
    this.#running = Promise.all([this.#follow(), this.#watch()])
  }

  get answered(): boolean {
    return this.#specs !== undefined
  }

  get status(): ForeignStatus {
    const { datacenter, fleet } = this.#options
    return {
      datacenter: datacenter.name,
      answered: this.answered,
      error: this.#error === undefined ? undefined : explainError(this.#error),
      instances: this.#specs?.size ?? knownOf(fleet.foreign, datacenter.name).size,
      beyond: this.#beyond,
      copiedTo: datacenter.foreign.copy_to.map((copy) => copy.datacenter),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#consul[Symbol.dispose]()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    const afterFailureMs = (failures: number) => backoffMs(backoff, failures, Math.random())
    await repeat(
      () => this.#step(),
      { everyMs: this.#options.datacenter.foreign.health_every, afterFailureMs },
      (error) => {
        if (this.#error === undefined) this.#log.warn({ err: error }, 'what others have registered cannot be read')
        this.#error = error
        this.#mayBePast = true
      },
      signal,
    )
  }

  async #step(): Promise<void> {
    const { signal } = this.#stop
    // Another Consul at this address would look like one where everything has gone.
    if (this.#specs === undefined || this.#error !== undefined) await this.#consul.verify(signal)
    const seen = await this.#look()
    await this.#recordAll(seen)
    this.#specs = seen.specs
    if (this.#error !== undefined) this.#log.info('what others have registered can be read again')
    this.#error = undefined
  }

  /** What is there, read anew if it is time, and what the checks say now. */
  async #look(): Promise<Seen> {
    const isDue = this.#isDue()
    if (!this.#mayBePast) {
      const seen = await this.#read('stale', isDue)
      if (!this.#mayBePast) return seen
    }
    this.#mayBePast = false
    return this.#read('consistent', isDue)
  }

  async #read(consistency: Reading, isDue: boolean): Promise<Seen> {
    const { owner } = this.#options
    const specs = this.#specs === undefined || isDue ? await this.#readAll(consistency) : this.#specs
    return { specs, verdicts: await readVerdicts(this.#consul, owner, { consistency, signal: this.#stop.signal }) }
  }

  #isDue(): boolean {
    if (this.#specs === undefined || this.#error !== undefined) return true
    const age = performance.now() - this.#readAt
    const { every } = this.#options.datacenter.foreign
    return age >= every || (this.#hinted && age >= this.#tookMs / readingShare)
  }

  /** A first look may be stale; what it misses is looked for again before it counts as gone. */
  async #readAll(first: Reading): Promise<ReadonlyMap<string, ForeignSpec>> {
    const { fleet, datacenter } = this.#options
    const { signal } = this.#stop
    this.#hinted = false
    this.#readAt = performance.now()
    const known = knownOf(fleet.foreign, datacenter.name)
    const look = async (consistency: Reading) => {
      const list = new ForeignList(datacenter.name, datacenter.foreign.most, (id) => known.has(id))
      await readForeign(this.#consul, this.#wanted, list, { consistency, signal })
      return list
    }
    let list = await look(first)
    const { specs } = list
    if (first === 'stale' && [...known.keys()].some((id) => !specs.has(id))) list = await look('consistent')
    this.#tookMs = performance.now() - this.#readAt
    if (list.beyond > 0 && this.#beyond === 0) {
      this.#log.warn({ beyond: list.beyond, most: datacenter.foreign.most }, 'more is registered there than is kept')
    }
    this.#beyond = list.beyond
    return list.specs
  }

  async #recordAll({ specs, verdicts }: Seen): Promise<void> {
    const { datacenter, fleet, record, by } = this.#options
    const changes = [...foreignChanges(knownOf(fleet.foreign, datacenter.name), specs, verdicts)]
    for (let first = 0; first < changes.length && !this.#stop.signal.aborted; first += chunk) {
      await Promise.all(
        changes.slice(first, first + chunk).map((change) => {
          const seen = fleet.foreign.get(change.foreign)?.revision ?? 0
          return record(change, { by, seen })
        }),
      )
    }
  }

  /** Learns that some service may have changed: a hint only, which the next step takes. */
  async #watch(): Promise<void> {
    const { signal } = this.#stop
    const gapMs = this.#options.datacenter.foreign.health_every
    let index = 0
    let highest = 0
    let below: number | undefined
    while (!signal.aborted) {
      try {
        const answered = await this.#consul.watchServices(undefined, index, waitMs, signal)
        const next = nextIndex(index, answered)
        // What was read before the first answer may be older than its index.
        if (next !== index && (index !== 0 || this.#readAt > 0)) this.#hinted = true
        // Over a failure, too, after which it begins at 0.
        if (answered >= highest || (below !== undefined && performance.now() - below > pastMostMs)) {
          highest = answered
          below = undefined
        } else {
          below ??= performance.now()
          this.#mayBePast = true
        }
        index = next
      } catch {
        // Who reads will notice and tell; but not that it was started again between two readings.
        this.#mayBePast = true
        index = 0
      }
      await pause(gapMs, signal)
    }
  }
}
