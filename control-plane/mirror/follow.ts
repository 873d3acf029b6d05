import { setImmediate as turn } from 'node:timers/promises'
import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { ConsulClient } from '../consul/client.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Sink, SinkAnswer, SinkStatus } from '../fleet/sink.ts'
import { Writer } from './apply.ts'
import { type Comparison, compare, judgeAll } from './compare.ts'
import type { DatacenterConfig, MirrorConfig } from './config.ts'
import { explainInstance } from './explain.ts'
import type { Identity } from './fence.ts'
import { Hold } from './hold.ts'
import { type HeldRemoval, Ledger } from './ledger.ts'
import { Reach } from './reach.ts'
import { selects } from './select.ts'
import { describeStatus } from './status.ts'
import { watchCatalogue } from './watch.ts'

export type FollowOptions = {
  readonly config: MirrorConfig
  readonly datacenter: DatacenterConfig
  readonly owner: string
  readonly us: Identity
  readonly takeover: boolean
  readonly fleet: FleetView
  readonly log: Logger
}

/** A catalogue that holds still is compared at most this share of the time. */
const comparingShare = 1 / 20
/** What is under way when we are told to stop may take so long. */
const closeWithinMs = 1_000
/** In observe mode: how often what would be done is judged anew while the fleet changes. */
const observeEveryMs = 1_000

/** Makes one Consul datacenter follow the fleet, and says how far it is. */
export class Follower implements Sink, AsyncDisposable {
  readonly name: string
  readonly #options: FollowOptions
  readonly #log: Logger
  readonly #consul: ConsulClient
  readonly #ledger: Ledger
  readonly #writer: Writer
  readonly #hold: Hold
  readonly #reach = new Reach()
  readonly #stop = new AbortController()
  readonly #beat = new Wake()
  readonly #compare = new Wake()
  readonly #idle = new Wake()
  readonly #back = new Set<() => void>()
  readonly #running: Promise<unknown>
  readonly #unwatch: () => void
  /** A comparison has ended since the datacenter was last out of reach. */
  #compared = false
  #outages = 0
  #closing = false
  #comparison: Comparison | undefined
  #comparedInMs = 0
  #proven: { readonly revision: number; readonly at: number } | undefined

  constructor(options: FollowOptions) {
    const { config, datacenter, owner, us, takeover, fleet, log } = options
    this.#options = options
    this.name = `consul:${datacenter.name}`
    this.#log = log.child({ sink: this.name })
    this.#consul = new ConsulClient({
      datacenter: datacenter.name,
      address: datacenter.address,
      tokenFile: datacenter.token_file,
      caFile: datacenter.ca_file,
      timeoutMs: datacenter.timeout,
      // Writing, urgent and not; reading before writing; comparing, watching, beating.
      mostSockets: datacenter.lanes * 3 + 6,
    })
    const { signal } = this.#stop
    this.#ledger = new Ledger(fleet, {
      owner,
      warningAs: datacenter.warning_as,
      selects: selects(datacenter.select),
      sameEndpoint: datacenter.same_endpoint,
      guard: { windowMs: config.guard.window, least: config.guard.least, share: config.guard.share },
    })
    const { watch: watchMs } = config.freshness
    const revision = () => this.#proven?.revision
    const mayWrite = () => !this.#frozen
    this.#hold = new Hold({ consul: this.#consul, owner, us, takeover, watchMs, signal, mayWrite, revision })
    this.#writer = new Writer({
      consul: this.#consul,
      ledger: this.#ledger,
      owner,
      lanes: datacenter.lanes,
      signal,
      fence: () => (this.#mayWrite ? this.#hold.operation : undefined),
      onFenceLost: () => {
        this.#hold.lost()
        this.#beat.ring()
      },
      onFailure: (error) => this.#fail(error),
      onSettled: () => {
        this.#settle()
        if (this.#writer.idle) this.#idle.ring()
      },
    })
    this.#ledger.noteAll(performance.now())
    this.#unwatch = fleet.watch((change) => this.#follow(change))
    this.#running = Promise.all([this.#beatLoop(), this.#compareLoop(), this.#watchLoop()])
  }

  /** The deletions that wait for an operator. */
  get held(): readonly HeldRemoval[] {
    return this.#ledger.held
  }

  /** Lets them go. Answers with how many those are. */
  approve(): number {
    const count = this.#ledger.approve(performance.now())
    this.#writer.pump()
    return count
  }

  status(): SinkStatus {
    return describeStatus({
      name: this.name,
      mode: this.#options.datacenter.mode,
      proven: this.#proven,
      frozen: this.#frozen,
      reach: this.#reach,
      stand: this.#hold.stand,
      comparison: this.#comparison,
      ledger: this.#ledger,
      figures: this.#writer.figures,
      now: performance.now(),
    })
  }

  explain(instance: string): SinkAnswer {
    return { sink: this.name, ...explainInstance(instance, this.#ledger, this.#comparison !== undefined) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    this.#closing = true
    // What is under way may end in peace.
    while (!this.#writer.idle && (await this.#idle.next(closeWithinMs, this.#stop.signal)));
    this.#stop.abort()
    for (const resolve of this.#back) resolve()
    await this.#running
    if (this.#reach.up && !this.#frozen) await this.#hold.release().catch(() => {})
    this.#consul[Symbol.dispose]()
  }

  get #frozen(): boolean {
    return this.#options.fleet.installation.frozen !== undefined
  }

  get #mayWrite(): boolean {
    return this.#comparison !== undefined && this.#reach.up && !this.#frozen && !this.#closing
  }

  get #applies(): boolean {
    return this.#options.datacenter.mode === 'apply'
  }

  #follow(change: FleetChange): void {
    const waits = this.#ledger.note(change, performance.now())
    // What was frozen may have been swept, or written by hand.
    if (change.installation) this.#ring()
    if (!waits) this.#settle()
    // What is urgent leaves before anything else is done with the change; the rest of a tick goes together.
    else if (change.removal) this.#writer.pump()
    else void turn().then(() => this.#writer.pump())
  }

  #ring(): void {
    this.#beat.ring()
    this.#compare.ring()
  }

  async #beatLoop(): Promise<void> {
    const { signal } = this.#stop
    const everyMs = this.#options.config.freshness.every
    while (!signal.aborted) {
      try {
        if (!this.#reach.up || !this.#proven) await this.#consul.verify(signal)
        const before = this.#hold.stand.kind
        if (this.#applies && !this.#frozen) await this.#hold.beat()
        this.#succeed()
        this.#tellStand(before)
        this.#writer.pump()
      } catch (error) {
        if (!signal.aborted) this.#fail(error)
      }
      await this.#beat.next(this.#reach.up ? everyMs : this.#reach.waitMs, signal)
    }
  }

  async #compareLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#reachable(signal)
      const startedAt = performance.now()
      const outages = this.#outages
      try {
        const { owner } = this.#options
        const options = { consul: this.#consul, ledger: this.#ledger, writer: this.#writer, owner, signal }
        await this.#judge(() => compare(options, this.#compared ? 'stale' : 'default'))
        this.#compared = outages === this.#outages
        this.#settle()
      } catch (error) {
        if (!signal.aborted) this.#fail(error)
      }
      this.#comparedInMs = performance.now() - startedAt
      await this.#untilNextComparison(signal)
    }
  }

  /** Takes what differs into the queue; where nothing may be written, the queue only says what has changed since. */
  async #judge(judging: () => Promise<Comparison>): Promise<void> {
    const { queue } = this.#ledger
    if (!this.#applies) for (const node of [...queue.keys(false)]) queue.take(node)
    this.#comparison = await judging()
    if (!this.#applies) return
    const since = performance.now()
    for (const node of this.#comparison.differing) queue.add(node, undefined, { urgent: false, since })
    this.#writer.pump()
  }

  async #untilNextComparison(signal: AbortSignal): Promise<void> {
    const until = performance.now() + this.#options.config.compare_every
    while (!signal.aborted) {
      const left = until - performance.now()
      if (left <= 0 || (await this.#compare.next(this.#applies ? left : Math.min(left, observeEveryMs), signal))) return
      if (this.#applies || this.#ledger.queue.size === 0) continue
      await this.#judge(() => judgeAll(this.#ledger))
      this.#settle()
    }
  }

  async #watchLoop(): Promise<void> {
    const { wake_gap } = this.#options.config
    await watchCatalogue(
      {
        consul: this.#consul,
        owner: this.#options.owner,
        gapMs: () => Math.max(wake_gap, this.#comparedInMs / comparingShare),
        ownIndex: () => this.#writer.figures.lastIndex,
        reachable: (signal) => this.#reachable(signal),
        signal: this.#stop.signal,
      },
      () => this.#compare.ring(),
    )
  }

  /** Resolves when the datacenter can be asked, or when we stop. */
  async #reachable(signal: AbortSignal): Promise<void> {
    while (!this.#reach.up && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#back.add(resolve)
      })
    }
    await pause(0, signal)
  }

  /** Takes down that nothing is left to do, as far as the fleet has come. */
  #settle(): void {
    const { queue, notes } = this.#ledger
    if (!this.#compared || !this.#reach.up || queue.size > 0 || !this.#writer.idle) return
    if (this.#applies) {
      if (!this.#hold.operation || this.#frozen || notes.count('refused') > 0) return
    } else {
      if (!this.#comparison || this.#comparison.differing.length > 0) return
    }
    this.#proven = { revision: this.#options.fleet.revision, at: Date.now() }
  }

  #fail(error: unknown): void {
    this.#compared = false
    this.#outages += 1
    if (this.#reach.fail(error)) {
      this.#log.warn({ err: error }, 'the datacenter does not follow')
      this.#beat.ring()
    }
  }

  #succeed(): void {
    if (!this.#reach.succeed()) return
    this.#log.info('the datacenter answers again')
    this.#compare.ring()
    const back = [...this.#back]
    this.#back.clear()
    for (const resolve of back) resolve()
  }

  #tellStand(before: string): void {
    const { stand } = this.#hold
    if (stand.kind === before) return
    if (stand.kind === 'contested' || stand.kind === 'standby')
      this.#log.warn({ why: stand.text }, 'nothing is written')
    else if (stand.kind === 'held') this.#log.info({ epoch: stand.epoch }, 'the fence is ours')
  }
}
