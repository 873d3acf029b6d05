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

const waitMs = 60_000
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
      },
      signal,
    )
  }

  async #step(): Promise<void> {
    const { signal } = this.#stop
    // Another Consul at this address would look like one where everything has gone.
    if (this.#specs === undefined || this.#error !== undefined) await this.#consul.verify(signal)
    const specs = this.#isDue() ? await this.#readAll() : this.#specs
    if (specs === undefined) return
    await this.#recordAll(specs)
    this.#specs = specs
    if (this.#error !== undefined) this.#log.info('what others have registered can be read again')
    this.#error = undefined
  }

  #isDue(): boolean {
    if (this.#specs === undefined || this.#error !== undefined) return true
    const age = performance.now() - this.#readAt
    const { every } = this.#options.datacenter.foreign
    return age >= every || (this.#hinted && age >= this.#tookMs / readingShare)
  }

  /** A first look may be stale; what it misses is looked for again before it counts as gone. */
  async #readAll(): Promise<ReadonlyMap<string, ForeignSpec>> {
    const { fleet, datacenter } = this.#options
    const { signal } = this.#stop
    this.#hinted = false
    this.#readAt = performance.now()
    const known = knownOf(fleet.foreign, datacenter.name)
    const look = async (consistency: 'stale' | 'consistent') => {
      const list = new ForeignList(datacenter.name, datacenter.foreign.most, (id) => known.has(id))
      await readForeign(this.#consul, this.#wanted, list, { consistency, signal })
      return list
    }
    let list = await look('stale')
    const { specs } = list
    if ([...known.keys()].some((id) => !specs.has(id))) list = await look('consistent')
    this.#tookMs = performance.now() - this.#readAt
    if (list.beyond > 0 && this.#beyond === 0) {
      this.#log.warn({ beyond: list.beyond, most: datacenter.foreign.most }, 'more is registered there than is kept')
    }
    this.#beyond = list.beyond
    return list.specs
  }

  async #recordAll(specs: ReadonlyMap<string, ForeignSpec>): Promise<void> {
    const { datacenter, owner, fleet, record, by } = this.#options
    const verdicts = await readVerdicts(this.#consul, owner, this.#stop.signal)
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
    while (!signal.aborted) {
      try {
        const next = nextIndex(index, await this.#consul.watchServices(undefined, index, waitMs, signal))
        // What was read before the first answer may be older than its index.
        if (next !== index && (index !== 0 || this.#readAt > 0)) this.#hinted = true
        index = next
      } catch {
        // Who reads will notice and tell.
        index = 0
      }
      await pause(gapMs, signal)
    }
  }
}
