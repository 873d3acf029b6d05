import type { Logger } from '#shared/logging/logger.ts'
import type { Frame } from './frame.ts'
import { isWhole, mayLeadTo, mayLeave } from './order.ts'
import type { Parked, Parking } from './parking.ts'
import { type Mark, Progress } from './progress.ts'
import type { DeltaRequest } from './request.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'
import { type Held, Subscription } from './subscription.ts'

/** What a stream needs of its gateway's channel. */
export type StreamChannel = {
  /** What is offered now; undefined: nothing is to be said yet. */
  readonly offered: (Mark & { readonly snapshot: Snapshot }) | undefined
  readonly parking: Parking
  /** The frame for just this, the same for every stream that wants it, unless `without` holds its nonce already. */
  frame(
    kind: ResourceKind,
    upserts: readonly Resource[],
    removed: readonly string[],
    without: ReadonlyMap<string, Frame>,
  ): Frame
  rejected(parked: Parked): void
}

/** Takes bytes; `done` is called when they have left for the network. */
export type Write = (bytes: Buffer, done: () => void) => void

/** Beyond this, what changes waits in a set of names until the socket has drained. */
const mostBytesUnderway = 64 * 1024
const mostUnanswered = 32
/** Rejected versions of one resource that are remembered; more never matter at once. */
const mostRejected = 8

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
  readonly #all = Object.values(this.#subscriptions)
  /** Versions that this Envoy rejected, by kind and name. */
  readonly #rejected = new Map<string, Set<string>>()
  readonly #progress = new Progress()
  /** Clusters that may be waiting for their endpoints since an earlier stream. */
  readonly #perhapsWaiting: readonly string[]
  #underway = 0
  #whole = false

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

  /** The newest offer that this Envoy is proven to show; undefined: none, or it has just rejected something and nobody knows yet what. */
  get provenOffer(): number | undefined {
    for (const { alone } of this.#all) if (alone.size > 0) return undefined
    return this.#progress.proven?.offer
  }

  /** Whether everything that is offered has been sent and answered. */
  get settled(): boolean {
    const { proven } = this.#progress
    const { offered } = this.#channel
    return proven !== undefined && proven.offer === offered?.offer && proven.revision === offered.revision
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
    const frames = [...this.#subscriptions.cluster.unanswered.values()]
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
    const frame = subscription.unanswered.get(nonce)
    if (frame) this.#answered(subscription, frame, error)
    subscription.take(request, () => this.#channel.offered?.snapshot.resources[kind].keys() ?? [])
    if (first && kind === 'endpoints') this.#repeatEndpoints(this.#perhapsWaiting)
    this.pump()
  }

  /** What it has of a kind, by name. */
  heldNames(kind: ResourceKind): Iterable<string> {
    return this.#subscriptions[kind].heldNames()
  }

  /** Has these names looked at with the next `pump`. */
  mark(kind: ResourceKind, name: string): void {
    this.#subscriptions[kind].dirty.add(name)
  }

  /** Has everything looked at: something is offered for the first time, or as a whole. */
  markAll(snapshot: Snapshot): void {
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
    for (const kind of resourceKinds) this.#sendUpserts(kind)
    for (const kind of ['listener', 'routes', 'cluster'] as const) this.#sendRemovals(kind)
    for (const kind of resourceKinds) this.#payOwed(kind)
    if (this.#hasMoreToSay() || this.settled || !this.#isWhole(offered.snapshot)) return
    const unanswered: string[] = []
    for (const subscription of this.#all) unanswered.push(...subscription.unanswered.keys())
    this.#progress.allSent({ offer: offered.offer, revision: offered.revision }, unanswered)
  }

  #hasMoreToSay(): boolean {
    for (const { dirty, owed } of this.#all) if (dirty.size > 0 || owed) return true
    return false
  }

  /** Whether it has been sent everything at least once. */
  #isWhole(snapshot: Snapshot): boolean {
    this.#whole ||= isWhole(snapshot, this.#subscriptions, (kind, name) => this.#isRejected(kind, name))
    return this.#whole
  }

  #answered(subscription: Subscription, frame: Frame, error: string | undefined): void {
    const { nonce, upserts } = frame
    subscription.unanswered.delete(nonce)
    if (error === undefined) {
      subscription.noteTaken(frame)
      for (const resource of upserts) this.#channel.parking.noteGood(resource)
    } else this.#refused(subscription, frame, error)
    this.#progress.answered(nonce)
  }

  /**
   * A cluster that has changed waits for endpoints anew. Envoy does not ask for them again, and confirms the cluster only when it has them:
   * they follow at once.
   */
  #repeatEndpoints(clusters: readonly string[]): void {
    const { endpoints } = this.#subscriptions
    for (const name of clusters) {
      if (!endpoints.wants(name)) continue
      endpoints.forced.add(name)
      endpoints.dirty.add(name)
    }
  }

  #refused(subscription: Subscription, frame: Frame, error: string): void {
    const { kind, upserts } = frame
    subscription.noteRejected(frame)
    const [resource] = upserts
    if (resource === undefined || upserts.length > 1) {
      const names = upserts.map(({ name }) => name)
      this.#log.warn({ kind, names, error }, 'an answer was rejected; its resources are sent again one by one')
      return
    }
    subscription.alone.delete(resource.name)
    this.#noteRejected(kind, resource)
    this.#channel.rejected({ resource, error, by: this.id })
  }

  /** What this Envoy is to have under a name; 'hold': it keeps what it has; undefined: nothing. */
  #due(kind: ResourceKind, name: string): Resource | 'hold' | undefined {
    const { offered, parking } = this.#channel
    const current = offered?.snapshot.resources[kind].get(name)
    if (!current || !parking.has(current) || this.held(kind, name).version === current.version) return current
    // Without a last good one, a new Envoy may try it once.
    const good = parking.lastGood(current)
    // What others have taken this one may have rejected: it is not sent again and again.
    if (good && !this.#hasRejected(kind, good)) return good
    return this.#hasRejected(kind, current) ? 'hold' : current
  }

  #sendUpserts(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    const { dirty, forced, alone } = subscription
    if (dirty.size === 0) return
    const together: Resource[] = []
    const gone: string[] = []
    let single: Resource | undefined
    const isRejected = (rejected: ResourceKind, name: string) => this.#isRejected(rejected, name)
    for (const name of dirty) {
      const due = subscription.wants(name) ? this.#due(kind, name) : 'hold'
      if (due === undefined) {
        // Endpoints go with their cluster, certificates with their listener. That there are none is said only to whoever waits for them; it
        // takes none away.
        const goesAlong = kind === 'endpoints' || kind === 'secret'
        if (goesAlong && (forced.has(name) || subscription.owed)) gone.push(name)
        else if (goesAlong) dirty.delete(name)
        continue
      }
      const { sent, version } = subscription.held(name)
      if (due === 'hold' || (!forced.has(name) && (sent?.version ?? version) === due.version)) {
        dirty.delete(name)
        forced.delete(name)
      } else if (
        kind === 'routes' &&
        !due.targets.every((target) => mayLeadTo(target, this.#subscriptions, isRejected))
      )
        continue
      else if (alone.has(name) || this.#channel.parking.has(due)) single ??= due
      else together.push(due)
    }
    if (together.length + gone.length > 0) this.#send(kind, together.sort(byName), gone.sort())
    if (single && !this.#waitsForSingle(subscription)) this.#send(kind, [single], [])
  }

  /** One that is sent alone is answered before the next, so that a rejection has one meaning. */
  #waitsForSingle({ unanswered, alone }: Subscription): boolean {
    return [...unanswered.values()].some(({ upserts }) => upserts.length === 1 && alone.has(upserts[0]?.name ?? ''))
  }

  #isRejected(kind: ResourceKind, name: string): boolean {
    const current = this.#channel.offered?.snapshot.resources[kind].get(name)
    return current !== undefined && this.#hasRejected(kind, current)
  }

  #hasRejected(kind: ResourceKind, { name, version }: Resource): boolean {
    return this.#rejected.get(`${kind}/${name}`)?.has(version) ?? false
  }

  #noteRejected(kind: ResourceKind, { name, version }: Resource): void {
    const key = `${kind}/${name}`
    const versions = this.#rejected.get(key) ?? new Set()
    this.#rejected.set(key, versions.add(version))
    for (const oldest of versions) {
      if (versions.size <= mostRejected) break
      versions.delete(oldest)
    }
  }

  #sendRemovals(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    if (subscription.dirty.size === 0) return
    const current = this.#channel.offered?.snapshot.resources.routes ?? new Map()
    const gone: string[] = []
    for (const name of subscription.dirty) {
      if (this.#due(kind, name) !== undefined) continue
      const { version, sent, uncertain } = subscription.held(name)
      if (version === undefined && sent === undefined && !uncertain) {
        if (!subscription.owed) subscription.dirty.delete(name)
      } else if (kind !== 'cluster' || mayLeave(name, this.#subscriptions, current)) gone.push(name)
    }
    if (gone.length > 0) this.#send(kind, [], gone.sort())
  }

  /** A request is answered even if there is nothing to say. */
  #payOwed(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    if (!subscription.owed) return
    const missing: string[] = []
    for (const name of subscription.dirty) {
      // Something is on its way, once what it needs is there.
      if (kind !== 'cluster' && this.#due(kind, name) !== undefined) return
      if (!subscription.has(name)) missing.push(name)
    }
    this.#send(kind, [], missing.sort())
  }

  #send(kind: ResourceKind, upserts: readonly Resource[], removed: readonly string[]): void {
    const subscription = this.#subscriptions[kind]
    if (this.#underway >= mostBytesUnderway || subscription.unanswered.size >= mostUnanswered) return
    const frame = this.#channel.frame(kind, upserts, removed, subscription.unanswered)
    subscription.noteSent(frame)
    if (kind === 'cluster') this.#repeatEndpoints(upserts.map(({ name }) => name))
    const size = frame.bytes.length
    this.#underway += size
    this.#write(frame.bytes, () => {
      const wasFull = this.#underway >= mostBytesUnderway
      this.#underway -= size
      if (wasFull) this.pump()
    })
  }
}

function byName(a: Resource, b: Resource): number {
  return a.name < b.name ? -1 : 1
}
