import { setImmediate as turn } from 'node:timers/promises'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { ConsulClient } from '../consul/client.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Difference, Inspection, Sink, SinkAnswer, SinkStatus } from '../fleet/sink.ts'
import type { KeptText } from '../identity/copied-revocations.ts'
import { Writer } from './apply.ts'
import { inspect } from './compare.ts'
import { CompareLoop } from './compare-loop.ts'
import type { DatacenterConfig, MirrorConfig } from './config.ts'
import type { Desired, Touched } from './desired.ts'
import type { Change } from './diff.ts'
import { explainInstance } from './explain.ts'
import type { Identity } from './fence.ts'
import { Hold, type Stand } from './hold.ts'
import { TextKeeper } from './keep-text.ts'
import { type HeldRemoval, Ledger } from './ledger.ts'
import { Reach } from './reach.ts'
import { describeStatus } from './status.ts'
import { watchCatalogue } from './watch.ts'

export type FollowOptions = {
  readonly config: MirrorConfig
  readonly datacenter: DatacenterConfig
  readonly owner: string
  readonly us: Identity
  readonly takeover: (run: string) => boolean
  readonly raiseAbove?: (epoch: number, run: string) => void
  /** Whether this plane leads at this moment: else nothing is written any more. */
  readonly leads: () => boolean
  readonly fleet: FleetView
  /** What it should show; `follow` hears of its changes. */
  readonly desired: Desired
  /** Resolves when `desired` holds everything. */
  readonly filled: Promise<void>
  readonly log: Logger
  /** Whether the lists of foreign records are complete; true by default. */
  readonly foreignComplete?: () => boolean
  /** What is kept in the datacenter besides the fleet; left out: nothing. */
  readonly kept?: KeptText | undefined
}

/** Because of hints, a catalogue is compared at most this share of the time. */
const comparingShare = 1 / 20
/** What is under way when we are told to stop may take so long. */
const closeWithinMs = 1_000

/** Makes one Consul datacenter follow the fleet, and says how far it is. */
export class Follower implements Sink, AsyncDisposable {
  readonly name: string
  readonly #options: FollowOptions
  readonly #log: Logger
  readonly #consul: ConsulClient
  readonly #ledger: Ledger
  readonly #writer: Writer
  readonly #hold: Hold
  readonly #keeper: TextKeeper | undefined
  readonly #comparing: CompareLoop
  readonly #reach = new Reach()
  readonly #stop = new AbortController()
  readonly #beat = new Wake()
  readonly #settled = new Wake()
  readonly #running: Promise<unknown>
  #closing = false
  #wasFrozen = false
  /** Something waits for the next comparison to decide on it. */
  #undecided = false
  #wasComplete = true
  #proven: { readonly revision: number; readonly at: number } | undefined

  constructor(options: FollowOptions) {
    const { config, datacenter, owner, us, takeover, log } = options
    this.#options = options
    this.name = `consul:${datacenter.name}`
    this.#log = log.child({ sink: this.name })
    const { signal } = this.#stop
    const consul = consulOf(datacenter)
    const ledger = ledgerOf(options)
    const common = { consul, ledger, owner, signal, onFailure: (error: unknown) => this.#fail(error) }
    this.#consul = consul
    this.#ledger = ledger
    this.#hold = new Hold({
      ...common,
      us,
      takeover,
      ...(options.raiseAbove ? { raiseAbove: options.raiseAbove } : {}),
      watchMs: config.freshness.watch,
      mayWrite: () => !this.#frozen && options.leads(),
      revision: () => this.#proven?.revision,
    })
    const { kept } = options
    this.#keeper = kept && new TextKeeper({ consul, owner, kept, log: this.#log, signal })
    this.#writer = new Writer({
      ...common,
      lanes: datacenter.lanes,
      fence: () => (this.#mayWrite ? this.#hold.operation : undefined),
      onFenceLost: () => {
        this.#hold.lost()
        this.#beat.ring()
      },
      onSettled: () => this.#settle(),
    })
    this.#comparing = new CompareLoop({
      ...common,
      writer: this.#writer,
      everyMs: config.compare_every,
      applies: this.#applies,
      reach: this.#reach,
      onCompared: () => {
        this.#settle()
        this.#writer.pump()
      },
    })
    this.#wasFrozen = this.#frozen
    this.#running = this.#run()
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
      comparison: this.#comparing.comparison,
      ledger: this.#ledger,
      figures: this.#writer.figures,
      now: performance.now(),
    })
  }

  explain(instance: string): SinkAnswer {
    const compared = this.#comparing.comparison !== undefined
    return { sink: this.name, ...explainInstance(instance, this.#ledger, compared) }
  }

  async inspect(): Promise<Inspection> {
    const { queue } = this.#ledger
    const common = { consul: this.#consul, ledger: this.#ledger, owner: this.#options.owner, writer: this.#writer }
    const found = await inspect({ ...common, signal: this.#stop.signal }, this.#applies && this.#mayWrite)
    const waits = this.#applies && queue.size > 0 ? [`${queue.size} nodes wait to be written`] : []
    return { differences: found.map(differenceOf), unknown: waits }
  }

  repair(): void {
    this.#comparing.invalidate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    while (!this.#writer.quiet && (await this.#settled.next(closeWithinMs, this.#stop.signal)));
    this.#stop.abort()
    await this.#running
    if (this.#reach.up) await this.#hold.release().catch(() => {})
    this.#consul[Symbol.dispose]()
  }

  get #frozen(): boolean {
    return this.#options.fleet.installation.frozen !== undefined
  }

  get #applies(): boolean {
    return this.#options.datacenter.mode === 'apply'
  }

  get #mayWrite(): boolean {
    // Before the first comparison nothing is known of what is there.
    const known = this.#comparing.comparison !== undefined && this.#reach.up
    return known && !this.#frozen && !this.#closing && this.#options.leads()
  }

  /**
   * Takes in what a change of the fleet has touched.
   * @param urgent something stopped being routable
   */
  follow(touched: Touched, urgent: boolean): void {
    const waits = this.#ledger.note(touched, { urgent, since: performance.now() })
    const thawed = this.#wasFrozen && !this.#frozen
    this.#wasFrozen = this.#frozen
    if (thawed) {
      this.#beat.ring()
      // What was frozen may have been swept, or written by hand.
      this.#comparing.invalidate()
    }
    // At most once a beat, however many go one after the other.
    if (touched.inferred) this.#undecided = true
    if (!waits) this.#settle()
    // What the proxies are sent leaves first: a call that fails costs more than a late catalogue. And all of a tick goes together.
    else void turn().then(() => this.#writer.pump())
  }

  async #run(): Promise<void> {
    await this.#options.filled
    await Promise.all([this.#beatLoop(), this.#comparing.run(), this.#watchLoop()])
  }

  /** Keeps the fence and the freshness key, and finds out when a datacenter is back. */
  async #beatLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const before = this.#hold.stand
      try {
        if (!this.#reach.up || !this.#proven) await this.#consul.verify(signal)
        if (this.#applies && !this.#frozen) await this.#hold.beat()
        const { operation } = this.#hold
        if (operation && this.#options.leads()) void this.#keeper?.look(operation)
        this.#tellStand(before)
        if (this.#reach.succeed()) {
          this.#log.info('the datacenter answers again')
          this.#comparing.ring()
        }
        this.#decideOnInferred()
        this.#settle()
        this.#writer.pump()
      } catch (error) {
        if (!signal.aborted) this.#fail(error)
      }
      await this.#beat.next(this.#reach.up ? this.#options.config.freshness.every : this.#reach.waitMs, signal)
    }
  }

  /** Deletions that are only inferred are decided on by a comparison; it need not wait for the timetable. */
  #decideOnInferred(): void {
    const isComplete = this.#ledger.context.complete
    if (this.#undecided || (isComplete && !this.#wasComplete)) this.#comparing.ring()
    this.#undecided = false
    this.#wasComplete = isComplete
  }

  async #watchLoop(): Promise<void> {
    const { wake_gap } = this.#options.config
    await watchCatalogue(
      {
        consul: this.#consul,
        owner: this.#options.owner,
        gapMs: () => Math.max(wake_gap, this.#comparing.tookMs / comparingShare),
        ownIndex: () => this.#writer.figures.lastIndex,
        reachable: () => this.#reach.untilUp(this.#stop.signal),
        calm: () => this.#comparing.untilCalm(),
        onInterrupted: () => this.#mistrust(),
        signal: this.#stop.signal,
      },
      () => this.#comparing.ring(),
    )
  }

  /** Takes down that nothing is left to do, as far as the fleet has come. */
  #settle(): void {
    this.#settled.ring()
    const { queue, notes } = this.#ledger
    if (!this.#comparing.valid || !this.#reach.up || queue.size > 0 || !this.#writer.idle) return
    if (this.#applies) {
      if (!this.#hold.operation || this.#frozen || notes.count('refused') > 0) return
    } else if ((this.#comparing.comparison?.differing.length ?? 1) > 0) return
    this.#proven = { revision: this.#options.fleet.revision, at: Date.now() }
  }

  /** A datacenter that has lost everything counts anew, and then the index of our fence may be that of another one's: it is read again. */
  #mistrust(): void {
    this.#hold.lost()
    this.#beat.ring()
  }

  #fail(error: unknown): void {
    this.#hold.lost()
    if (!this.#reach.fail(error)) return
    this.#log.warn({ err: error }, 'the datacenter does not follow')
    this.#beat.ring()
  }

  #tellStand(before: Stand): void {
    const { stand } = this.#hold
    if (stand.kind === before.kind) return
    if (stand.kind === 'held') this.#log.info({ epoch: stand.epoch }, 'the fence is ours')
    else if (stand.kind !== 'none') this.#log.warn({ why: stand.text }, 'nothing is written')
  }
}

function differenceOf(change: Change): Difference {
  const kind = change.kind === 'remove' ? 'added' : change.kind === 'put' && change.adds ? 'missing' : 'changed'
  const { node, instance } = change.unit
  const contested = change.kind === 'contested' ? ' (somebody else has it: left alone)' : ''
  return { kind, what: `${instance ?? 'the node itself'}${contested}`, at: node }
}

export function consulOf({ name, address, token_file, ca_file, timeout, lanes }: DatacenterConfig): ConsulClient {
  return new ConsulClient({
    datacenter: name,
    address,
    tokenFile: token_file,
    caFile: ca_file,
    timeoutMs: timeout,
    // Writing in lanes, urgent ones beside them; reading before writing, two requests a node; comparing, watching, beating.
    mostSockets: lanes + 2 + lanes * 2 + 6,
  })
}

function ledgerOf({ config, datacenter, owner, fleet, desired, foreignComplete }: FollowOptions): Ledger {
  const { window: windowMs, least, share } = config.guard
  return new Ledger(fleet, {
    owner,
    desired,
    sameEndpoint: datacenter.same_endpoint,
    guard: { windowMs, least, share },
    ...(foreignComplete ? { foreignComplete } : {}),
  })
}
