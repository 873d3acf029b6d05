import type { Logger } from '#shared/logging/logger.ts'
import type { Frame } from './frame.ts'
import type { Parked, Parking } from './parking.ts'
import { Progress } from './progress.ts'
import type { DeltaRequest } from './request.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'
import { type Held, Subscription } from './subscription.ts'

/** What a stream needs of its gateway's channel. */
export type StreamChannel = {
  /** What is offered now; undefined: nothing is to be said yet. */
  readonly offered: { readonly snapshot: Snapshot; readonly revision: number } | undefined
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
    listener: new Subscription(),
    routes: new Subscription(),
  }
  /** Versions that this Envoy rejected, by kind and name. */
  readonly #rejected = new Map<string, string>()
  readonly #progress = new Progress()
  #underway = 0

  constructor(id: string, channel: StreamChannel, write: Write, log: Logger) {
    this.id = id
    this.#channel = channel
    this.#write = write
    this.#log = log
  }

  /** The newest revision that this Envoy is proven to show. */
  get proven(): number | undefined {
    return this.#progress.proven
  }

  /** Whether everything that is offered has been sent and answered. */
  get settled(): boolean {
    return this.#progress.proven !== undefined && this.#progress.proven === this.#channel.offered?.revision
  }

  isWildcard(kind: ResourceKind): boolean {
    return this.#subscriptions[kind].wildcard
  }

  /** What it asked for by name. */
  names(kind: ResourceKind): ReadonlySet<string> {
    return this.#subscriptions[kind].names
  }

  /** What it has of a resource. */
  held(kind: ResourceKind, name: string): Held {
    return this.#subscriptions[kind].held(name)
  }

  request(request: DeltaRequest): void {
    const { kind, nonce, error } = request
    if (kind === undefined) return
    const subscription = this.#subscriptions[kind]
    const frame = subscription.unanswered.get(nonce)
    if (frame) this.#answered(subscription, frame, error)
    subscription.take(request, () => this.#channel.offered?.snapshot.resources[kind].keys() ?? [])
    this.pump()
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
    const all = resourceKinds.map((kind) => this.#subscriptions[kind])
    if (all.every(({ dirty, owed }) => dirty.size === 0 && !owed)) {
      this.#progress.allSent(
        offered.revision,
        all.flatMap(({ unanswered }) => [...unanswered.keys()]),
      )
    }
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
  #repeatEndpoints(clusters: readonly Resource[]): void {
    const { endpoints } = this.#subscriptions
    for (const { name } of clusters) {
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
    this.#rejected.set(`${kind}/${resource.name}`, resource.version)
    this.#channel.rejected({ resource, error, by: this.id })
  }

  /** What this Envoy is to have under a name; 'hold': it keeps what it has; undefined: nothing. */
  #due(kind: ResourceKind, name: string): Resource | 'hold' | undefined {
    const { offered, parking } = this.#channel
    const current = offered?.snapshot.resources[kind].get(name)
    if (!current || !parking.has(current) || this.held(kind, name).version === current.version) return current
    // Without a last good one, a new Envoy may try it once.
    const tried = this.#rejected.get(`${kind}/${name}`) === current.version
    return parking.lastGood(current) ?? (tried ? 'hold' : current)
  }

  #sendUpserts(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    const { dirty, forced, alone } = subscription
    const together: Resource[] = []
    let single: Resource | undefined
    for (const name of dirty) {
      const due = subscription.wants(name) ? this.#due(kind, name) : 'hold'
      if (due === undefined) {
        // Endpoints that are gone are not taken away: they go with their cluster.
        if (kind === 'endpoints' && !subscription.owed) dirty.delete(name)
        continue
      }
      const { sent, version } = subscription.held(name)
      if (due === 'hold' || (!forced.has(name) && (sent?.version ?? version) === due.version)) {
        dirty.delete(name)
        forced.delete(name)
      } else if (kind === 'routes' && !due.targets.every((target) => this.#hasCluster(target))) continue
      else if (alone.has(name) || this.#channel.parking.has(due)) single ??= due
      else together.push(due)
    }
    if (together.length > 0) this.#send(kind, together.sort(byName), [])
    if (single && !this.#waitsForSingle(subscription)) this.#send(kind, [single], [])
  }

  /** One that is sent alone is answered before the next, so that a rejection has one meaning. */
  #waitsForSingle({ unanswered, alone }: Subscription): boolean {
    return [...unanswered.values()].some(({ upserts }) => upserts.length === 1 && alone.has(upserts[0]?.name ?? ''))
  }

  /** Whether a route to a cluster may be sent: it is there with its endpoints, or will not come. */
  #hasCluster(name: string): boolean {
    const { cluster, endpoints } = this.#subscriptions
    if (!cluster.asked) return true
    if (this.#isRejected('cluster', name)) return true
    return cluster.has(name) && (endpoints.has(name) || this.#isRejected('endpoints', name))
  }

  #isRejected(kind: ResourceKind, name: string): boolean {
    const current = this.#channel.offered?.snapshot.resources[kind].get(name)
    return current !== undefined && this.#rejected.get(`${kind}/${name}`) === current.version
  }

  #sendRemovals(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    const gone: string[] = []
    for (const name of subscription.dirty) {
      if (this.#due(kind, name) !== undefined) continue
      const { version, sent } = subscription.held(name)
      if (version === undefined && sent === undefined) {
        if (!subscription.owed) subscription.dirty.delete(name)
      } else if (kind !== 'cluster' || this.#mayLeave(name)) gone.push(name)
    }
    if (gone.length > 0) this.#send(kind, [], gone.sort())
  }

  /** Whether no route that the Envoy has leads to a cluster any more. */
  #mayLeave(cluster: string): boolean {
    const { routes, listener } = this.#subscriptions
    // An Envoy that comes back says one after the other what it has: where there is a listener, there are routes.
    if (!routes.asked && (!listener.asked || !isEmpty(listener.heldNames()))) return false
    for (const name of routes.heldNames()) {
      const { version, resource, sent } = routes.held(name)
      const current = this.#channel.offered?.snapshot.resources.routes.get(name)
      const known = version === current?.version ? current : resource
      // Routes from an earlier stream whose content nobody knows may lead anywhere.
      if (version !== undefined && (!known || known.targets.includes(cluster))) return false
      if (sent?.targets.includes(cluster)) return false
    }
    return true
  }

  /** A request is answered even if there is nothing to say. */
  #payOwed(kind: ResourceKind): void {
    const subscription = this.#subscriptions[kind]
    if (!subscription.owed) return
    const missing: string[] = []
    for (const name of subscription.dirty) {
      // Something is on its way, once what it needs is there.
      if (kind !== 'cluster' && this.#due(kind, name) !== undefined) return
      if (kind === 'endpoints' && this.#subscriptions.cluster.has(name)) subscription.dirty.delete(name)
      else if (kind === 'endpoints' || !subscription.has(name)) missing.push(name)
    }
    this.#send(kind, [], missing.sort())
  }

  #send(kind: ResourceKind, upserts: readonly Resource[], removed: readonly string[]): void {
    const subscription = this.#subscriptions[kind]
    if (this.#underway >= mostBytesUnderway || subscription.unanswered.size >= mostUnanswered) return
    const frame = this.#channel.frame(kind, upserts, removed, subscription.unanswered)
    subscription.noteSent(frame)
    if (kind === 'cluster') this.#repeatEndpoints(upserts)
    const size = frame.bytes.length
    this.#underway += size
    this.#write(frame.bytes, () => {
      const wasFull = this.#underway >= mostBytesUnderway
      this.#underway -= size
      if (wasFull) this.pump()
    })
  }
}

function isEmpty(names: Iterable<string>): boolean {
  for (const _ of names) return false
  return true
}

function byName(a: Resource, b: Resource): number {
  return a.name < b.name ? -1 : 1
}
