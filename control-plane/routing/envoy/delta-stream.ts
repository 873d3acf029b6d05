import type { Logger } from '#shared/logging/logger.ts'
import { isRejected, missingFor, removalsFor, type Situation, upsertsFor } from './due.ts'
import type { Frame } from './frame.ts'
import type { Held } from './held.ts'
import { leaveOut } from './leave-out.ts'
import { isWhole } from './order.ts'
import type { Parked, Parking } from './parking.ts'
import { type Mark, Progress } from './progress.ts'
import { Rejections } from './rejections.ts'
import type { DeltaRequest } from './request.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'
import { Subscription } from './subscription.ts'

/** What a stream needs of its gateway's channel. */
export type StreamChannel = {
  /** What is offered now; undefined: nothing is to be said yet. */
  readonly offered: { readonly mark: Mark; readonly snapshot: Snapshot } | undefined
  readonly parking: Parking
  /** The frame for just this, the same for every stream that wants it, unless it is among `without`. */
  frame(kind: ResourceKind, upserts: readonly Resource[], removed: readonly string[], without: readonly Frame[]): Frame
  rejected(parked: Parked): void
  /** An Envoy has taken what was rejected before. */
  taken(resource: Resource): void
  /** A stream has gone on by itself, since its socket has drained. */
  pumped(stream: DeltaStream): void
}

/** How far a stream has proven to follow. */
export type Counted = Pick<DeltaStream, 'shown' | 'isSure'>

const nothingCounted: Counted = { shown: undefined, isSure: true }

/** Takes bytes; `done` is called when they have left for the network. */
export type Write = (bytes: Buffer, done: () => void) => void

/** Beyond this, what changes waits in a set of names until the socket has drained. */
const mostBytesUnderway = 64 * 1024
const mostUnanswered = 32

/**
 * One Envoy's stream. It queues nothing: what an Envoy lacks follows from what is offered and what it holds, and is sent in its newest
 * state when the socket takes it. Clusters and endpoints go before the routes to them, what leaves goes last.
 */
export class DeltaStream {
  readonly id: string
  readonly #channel: StreamChannel
  readonly #write: Write
  readonly #log: Logger
  readonly #subscriptions: Readonly<Record<ResourceKind, Subscription>> = {
    cluster: new Subscription(),
    endpoints: new Subscription(),
    secret: new Subscription(),
    listener: new Subscription(),
    routes: new Subscription(),
  }
  readonly #all: readonly Subscription[] = Object.values(this.#subscriptions)
  /** Answers that are not replied to yet: few, nearly always one. */
  readonly #unanswered: Frame[] = []
  readonly #rejections = new Rejections()
  /** What is sent in other words than before, by name and version: it was rejected an odd number of times. */
  readonly #otherWords = new Set<string>()
  readonly #progress = new Progress()
  /** Clusters that may be waiting for their endpoints since an earlier stream. */
  readonly #perhapsWaiting: readonly string[]
  /** How far it had proven to follow when its channel counted that last. */
  counted: Counted = nothingCounted
  #underway = 0
  #whole = false
  /** Something is to be looked at. Hundreds of streams are asked this for each change: it is kept, not gathered. */
  #hasMoreToSay = false
  #hasRejected = false

  constructor(id: string, channel: StreamChannel, write: Write, log: Logger, perhapsWaiting: readonly string[] = []) {
    this.id = id
    this.#channel = channel
    this.#write = write
    this.#log = log
    this.#perhapsWaiting = perhapsWaiting
  }

  /** How far this Envoy is proven to follow; the same object until that changes. */
  get shown(): Mark | undefined {
    return this.#progress.proven
  }

  /** The newest revision that this Envoy is proven to show. */
  get proven(): number | undefined {
    return this.#progress.proven?.revision
  }

  /** Whether what it has answered shows what it has: not where it has just rejected something and nobody knows yet what. */
  get isSure(): boolean {
    return !this.#hasRejected || this.#all.every(({ alone }) => alone.size === 0)
  }

  /** Whether everything that is offered has been sent and answered. */
  get settled(): boolean {
    const { proven } = this.#progress
    const { offered } = this.#channel
    return proven !== undefined && proven.offer === offered?.mark.offer && proven.revision === offered.mark.revision
  }

  /** Whether it is sent nothing more for now: it reads or answers too slowly. */
  get isHeldBack(): boolean {
    return this.#underway >= mostBytesUnderway || this.#unanswered.length >= mostUnanswered
  }

  /** How many names it has said, or may have. */
  get nameCount(): number {
    return this.#all.reduce((sum, { nameCount }) => sum + nameCount, 0)
  }

  isWildcard(kind: ResourceKind): boolean {
    return this.#subscriptions[kind].wildcard
  }

  /** What it asked for by name. */
  names(kind: ResourceKind): ReadonlySet<string> {
    return this.#subscriptions[kind].names
  }

  /** Clusters that were sent and not confirmed: they may be waiting for their endpoints. */
  unconfirmedClusters(): readonly string[] {
    const frames = this.#unanswered.filter(({ kind }) => kind === 'cluster')
    return frames.flatMap(({ upserts }) => upserts.map(({ name }) => name))
  }

  /** What it has of a resource. */
  held(kind: ResourceKind, name: string): Held {
    return this.#subscriptions[kind].held(name)
  }

  request(request: DeltaRequest): void {
    const { kind, nonce, error } = request
    if (kind === undefined) return
    const subscription = this.#subscriptions[kind]
    const first = !subscription.asked
    const frame = this.#unanswered.find((each) => each.nonce === nonce && each.kind === kind)
    if (frame) this.#answered(subscription, frame, error)
    if (first || request.subscribe.length > 0 || request.unsubscribe.length > 0) {
      subscription.take(request, this.#channel.offered?.snapshot.resources[kind])
      if (first && kind === 'endpoints') this.#repeatEndpoints(this.#perhapsWaiting)
      this.#hasMoreToSay = true
    }
    this.pump()
  }

  /** What it has of a kind, by name. */
  heldNames(kind: ResourceKind): Iterable<string> {
    return this.#subscriptions[kind].heldNames()
  }

  /** Has these names looked at with the next `pump`. */
  mark(kind: ResourceKind, name: string): void {
    this.#subscriptions[kind].dirty.add(name)
    this.#hasMoreToSay = true
  }

  /** Has this sent with the next `pump` even if the Envoy has confirmed it, or taken away if it is not to be there. */
  sendAgain(kind: ResourceKind, name: string): void {
    this.#subscriptions[kind].doubt(name)
    this.#hasMoreToSay = true
  }

  /** Whether this Envoy has rejected this very version. */
  hasRejected(resource: Resource): boolean {
    return this.#rejections.has(resource.kind, resource)
  }

  /** Sends what this Envoy has rejected once more. */
  tryAgain(resource: Resource): void {
    if (!this.hasRejected(resource)) return
    this.#rejections.forget(resource.kind, resource)
    const key = `${resource.name} ${resource.version}`
    if (!this.#otherWords.delete(key)) this.#otherWords.add(key)
    this.mark(resource.kind, resource.name)
    this.pump()
  }

  /** Has everything looked at: something is offered for the first time, or as a whole. */
  markAll(snapshot: Snapshot): void {
    this.#hasMoreToSay = true
    for (const kind of resourceKinds) {
      const { wildcard, names, dirty } = this.#subscriptions[kind]
      if (wildcard) for (const name of snapshot.resources[kind].keys()) dirty.add(name)
      for (const name of names) dirty.add(name)
      for (const name of this.#subscriptions[kind].heldNames()) dirty.add(name)
    }
  }

  /** Sends what the Envoy lacks, as far as the socket takes it. */
  pump(): void {
    const { offered } = this.#channel
    if (!offered) return
    if (!this.#hasMoreToSay && this.settled) return
    if (this.#hasMoreToSay) {
      this.#say(this.#situation(offered.snapshot))
      this.#hasMoreToSay = this.#all.some(({ hasMoreToSay }) => hasMoreToSay)
    }
    if (this.#hasMoreToSay || this.settled || !this.#isWhole(offered.snapshot)) return
    this.#progress.allSent(offered.mark, this.#unanswered)
  }

  /**
   * Sends just these endpoints to an Envoy that has everything that was offered before them; answers false, and does nothing, where more is
   * to be thought of. Hundreds of Envoys hear of each change, and nearly all of them lack nothing else.
   */
  tell(endpoints: Resource): boolean {
    if (this.#hasMoreToSay || !this.#whole || this.#hasRejected) return false
    if (this.#unanswered.length > 0 || this.#underway > 0) return false
    this.#send('endpoints', [endpoints], nothing)
    return true
  }

  /** Takes a request if it does nothing but confirm the answer that was sent first; answers whether it does. */
  confirm(request: Buffer): boolean {
    const [frame] = this.#unanswered
    if (!frame?.confirmation.equals(request)) return false
    const subscription = this.#subscriptions[frame.kind]
    if (!subscription.asked) return false
    this.#answered(subscription, frame, undefined)
    this.pump()
    return true
  }

  #worded(resource: Resource): Resource {
    const other = this.#otherWords.has(`${resource.name} ${resource.version}`)
    return (other ? resource.reworded : undefined) ?? resource
  }

  #say(situation: Situation): void {
    for (const kind of resourceKinds) {
      if (this.#subscriptions[kind].dirty.size === 0) continue
      const { together, gone, single } = upsertsFor(kind, situation)
      if (together.length + gone.length > 0) this.#send(kind, together, gone)
      if (single) this.#send(kind, [single], nothing)
    }
    for (const kind of ['listener', 'routes', 'cluster'] as const) {
      if (this.#subscriptions[kind].dirty.size === 0) continue
      const gone = removalsFor(kind, situation)
      if (gone.length > 0) this.#send(kind, [], gone)
    }
    // A request is answered even if there is nothing to say.
    for (const kind of resourceKinds) {
      const missing = this.#subscriptions[kind].owed ? missingFor(kind, situation) : undefined
      if (missing) this.#send(kind, [], missing)
    }
  }

  /** Whether it has been sent everything at least once. */
  #isWhole(snapshot: Snapshot): boolean {
    // Asked of hundreds of streams for each change: nothing is made for those that know.
    if (this.#whole) return true
    const situation = this.#situation(snapshot)
    this.#whole = isWhole(snapshot, this.#subscriptions, (kind, name) => isRejected(situation, kind, name))
    return this.#whole
  }

  #situation(snapshot: Snapshot): Situation {
    return {
      snapshot,
      parking: this.#channel.parking,
      rejections: this.#rejections,
      subscriptions: this.#subscriptions,
      unanswered: this.#unanswered,
    }
  }

  #answered(subscription: Subscription, frame: Frame, error: string | undefined): void {
    const { upserts } = frame
    leaveOut(this.#unanswered, frame)
    if (error === undefined) {
      subscription.noteTaken(frame)
      for (const resource of upserts) {
        this.#channel.parking.noteGood(resource)
        if (this.#channel.parking.has(resource)) this.#channel.taken(resource)
      }
    } else this.#refused(subscription, frame, error)
    this.#progress.answered(frame)
  }

  /**
   * A cluster that has changed waits for endpoints anew. Envoy does not ask for them again, and confirms the cluster only when it has them:
   * they follow at once.
   */
  #repeatEndpoints(clusters: readonly string[]): void {
    const { endpoints } = this.#subscriptions
    for (const name of clusters) {
      if (!endpoints.wants(name)) continue
      this.#hasMoreToSay = true
      endpoints.forced.add(name)
      endpoints.dirty.add(name)
    }
  }

  #refused(subscription: Subscription, frame: Frame, error: string): void {
    const { kind, upserts } = frame
    subscription.noteRejected(frame)
    this.#hasRejected = true
    this.#hasMoreToSay = true
    const [resource] = upserts
    if (resource === undefined || upserts.length > 1) {
      const names = upserts.map(({ name }) => name)
      this.#log.warn({ kind, names, error }, 'an answer was rejected; its resources are sent again one by one')
      return
    }
    subscription.alone.delete(resource.name)
    this.#rejections.note(kind, resource)
    this.#channel.rejected({ resource, error, by: this.id })
  }

  #send(kind: ResourceKind, upserts: readonly Resource[], removed: readonly string[]): void {
    const subscription = this.#subscriptions[kind]
    if (this.isHeldBack) return
    const worded = kind === 'secret' ? upserts.map((resource) => this.#worded(resource)) : upserts
    const frame = this.#channel.frame(kind, worded, removed, this.#unanswered)
    this.#unanswered.push(frame)
    subscription.noteSent(frame)
    if (kind === 'cluster') this.#repeatEndpoints(upserts.map(({ name }) => name))
    const size = frame.bytes.length
    this.#underway += size
    this.#write(frame.bytes, () => this.#drained(size))
  }

  #drained(size: number): void {
    const wasFull = this.#underway >= mostBytesUnderway
    this.#underway -= size
    if (!wasFull) return
    this.pump()
    this.#channel.pumped(this)
  }
}

const nothing: readonly string[] = []
