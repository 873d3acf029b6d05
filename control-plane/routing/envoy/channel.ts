import type { Logger } from '#shared/logging/logger.ts'
import { type Counted, DeltaStream, type StreamChannel, type Write } from './delta-stream.ts'
import { type Frame, toFrame } from './frame.ts'
import { LeastMark } from './least-mark.ts'
import { type Parked, Parking } from './parking.ts'
import type { Mark } from './progress.ts'
import type { DeltaRequest } from './request.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import { type Changes, changedNames, danglingTargets, type Snapshot } from './snapshot.ts'
import { SubscriberIndex } from './subscriber-index.ts'

export type Offer = { readonly mark: Mark; readonly snapshot: Snapshot }

/** A version of the declaration, and the first offer that came from it. */
type DeclaredFrom = { readonly number: number; readonly offer: number }

export type ChannelOptions = {
  readonly gateway: string
  readonly log: Logger
  /** Called when an Envoy rejected a resource: what is offered may have to change. */
  readonly onRejected: () => void
}

/** Frames of one offer that are kept for the next stream that wants just the same. */
const mostFrames = 64

/** Less than every revision and every offer. */
const nothingProven: Mark = { offer: -1, revision: -1 }

const unconfirmedForMs = 10 * 60_000

/** What one gateway's Envoys are offered, and the streams of those that are connected. */
export class Channel implements StreamChannel {
  readonly gateway: string
  readonly parking = new Parking()
  readonly streams = new Set<DeltaStream>()
  readonly #log: Logger
  readonly #onRejected: () => void
  readonly #subscribers = new SubscriberIndex<DeltaStream>()
  /** How far the streams are proven to follow. */
  readonly #least = new LeastMark()
  /** Streams of which it is not known which offer they have proven. */
  #unsure = 0
  /** Frames of the present offer, by what is in them. */
  readonly #frames = new Map<string | Resource, Frame>()
  /**
   * Clusters of which a stream ended before they were confirmed, by when that was. An Envoy that comes back with such a cluster says that it
   * has its endpoints, and yet waits for them.
   */
  readonly #unconfirmed = new Map<string, number>()
  #offered: Offer | undefined
  #proven: { readonly revision: number; readonly at: number } | undefined
  #unprovenSince: number | undefined
  /** The newest version of the declaration, and the one before it that was proven last. */
  #declared: DeclaredFrom | undefined
  #provenBefore: number | undefined
  /** What was proven when an Envoy was connected last. */
  #provenLast: number | undefined
  #offers = 0
  #nonces = 0
  #opened = 0

  constructor({ gateway, log, onRejected }: ChannelOptions) {
    this.gateway = gateway
    this.#log = log.child({ gateway })
    this.#onRejected = onRejected
  }

  get offered(): Offer | undefined {
    return this.#offered
  }

  /** The newest revision that all connected Envoys have proven, and since when (epoch milliseconds). */
  get proven(): { readonly revision: number; readonly at: number } | undefined {
    return this.#proven
  }

  /** The number of the newest version of the declaration that was offered. */
  get declared(): number | undefined {
    return this.#declared?.number
  }

  /** The newest version of the declaration that all connected Envoys have proven; undefined: none yet. */
  get provenDeclared(): number | undefined {
    const newest = this.#declared
    if (!newest || this.streams.size === 0) return this.#provenLast
    const shown = this.#unsure === 0 && (this.#least.value ?? nothingProven).offer >= newest.offer
    return shown ? newest.number : this.#provenBefore
  }

  /** For how long the newest offer has not been proven, in milliseconds; 0: it is, or nobody is connected. */
  lagMs(now: number): number {
    return this.#unprovenSince === undefined ? 0 : Math.max(0, now - this.#unprovenSince)
  }

  /** Bytes made for Envoys so far, each frame counted once however many streams it went to. */
  readonly figures = { frames: 0, bytes: 0, rejections: 0 }

  /**
   * Offers a snapshot to all streams, or the same one at a newer revision. One that leads nowhere is refused: it says so and keeps what
   * was offered before.
   * @param declared the number of the declaration's version
   */
  offer(snapshot: Snapshot, revision: number, declared = 0): void {
    const before = this.#offered
    if (before?.snapshot.version === snapshot.version) {
      this.#offered = { snapshot, mark: { revision, offer: before.mark.offer } }
      this.#declare(declared)
      this.#pump()
      return
    }
    const dangling = leadsAsBefore(before?.snapshot, snapshot) ? [] : danglingTargets(snapshot)
    if (dangling.length > 0) {
      this.#log.error(
        { dangling, version: snapshot.version },
        'a snapshot with routes that lead nowhere is not published',
      )
      return
    }
    this.#offers += 1
    this.#offered = { snapshot, mark: { revision, offer: this.#offers } }
    this.#declare(declared)
    this.#frames.clear()
    const changed = before && changedNames(before.snapshot, snapshot)
    this.parking.follow(snapshot, changed)
    if (changed) this.#markChanges(changed, snapshot)
    else for (const stream of this.streams) stream.markAll(snapshot)
    this.#pump()
  }

  /** Has everything that is offered looked at anew, for each Envoy; what it has confirmed is not sent again. */
  repeat(): void {
    if (!this.#offered) return
    for (const stream of this.streams) stream.markAll(this.#offered.snapshot)
    this.#pump()
  }

  /** Sends an Envoy once more what it has confirmed and does not run; takes away what it runs and was not given. */
  sendAgain(stream: DeltaStream, resources: Iterable<{ readonly kind: ResourceKind; readonly name: string }>): void {
    for (const { kind, name } of resources) stream.sendAgain(kind, name)
    this.#pump()
  }

  /** Offers nothing any more: new streams get no answer, connected Envoys keep what they have. */
  withdraw(): void {
    this.#offered = undefined
    this.#frames.clear()
  }

  /** A stream that has just opened; `id` is the Envoy's. */
  open(id: string, write: Write): DeltaStream {
    this.#opened += 1
    for (const [name, at] of this.#unconfirmed) if (Date.now() - at > unconfirmedForMs) this.#unconfirmed.delete(name)
    const perhapsWaiting = [...this.#unconfirmed.keys()]
    const log = this.#log.child({ envoy: id })
    const stream = new DeltaStream(id || `envoy-${this.#opened}`, this, write, log, perhapsWaiting)
    this.streams.add(stream)
    this.#add(stream.counted)
    return stream
  }

  request(stream: DeltaStream, request: DeltaRequest): void {
    const { kind } = request
    if (kind === undefined) return
    for (const name of request.unsubscribe) this.#subscribers.remove(kind, name, stream)
    const wasWildcard = stream.isWildcard(kind)
    stream.request(request)
    if (!wasWildcard && stream.isWildcard(kind)) this.#subscribers.add(kind, '*', stream)
    for (const name of request.subscribe) this.#subscribers.add(kind, name, stream)
    this.#count(stream)
    this.#prove()
  }

  /** Takes a request that does nothing but confirm the answer that was sent first, as most do; false: it says something else. */
  confirm(stream: DeltaStream, request: Buffer): boolean {
    if (!stream.confirm(request)) return false
    this.#count(stream)
    this.#prove()
    return true
  }

  close(stream: DeltaStream): void {
    if (this.streams.size === 1) this.#provenLast = this.provenDeclared
    this.streams.delete(stream)
    this.#remove(stream.counted)
    for (const name of stream.unconfirmedClusters()) this.#unconfirmed.set(name, Date.now())
    this.#prove()
    for (const kind of resourceKinds) {
      for (const name of [...stream.names(kind), '*']) this.#subscribers.remove(kind, name, stream)
    }
  }

  frame(
    kind: ResourceKind,
    upserts: readonly Resource[],
    removed: readonly string[],
    without: readonly Frame[],
  ): Frame {
    const key = frameKey(kind, upserts, removed)
    const known = this.#frames.get(key)
    if (known && !without.includes(known)) return known
    this.#nonces += 1
    const nonce = this.#nonces.toString(36)
    const frame = toFrame(kind, upserts, removed, { nonce, systemVersion: this.#offered?.snapshot.version ?? '' })
    this.figures.frames += 1
    this.figures.bytes += frame.bytes.length
    if (this.#frames.size >= mostFrames) this.#frames.clear()
    this.#frames.set(key, frame)
    return frame
  }

  pumped(stream: DeltaStream): void {
    this.#count(stream)
    this.#prove()
  }

  /**
   * Sends certificates that were rejected once more: what is wrong with them mostly is that their files are not there yet, and nobody here can
   * see them come.
   */
  retryCertificates(): void {
    for (const { resource } of this.parking.all()) {
      if (resource.kind !== 'secret') continue
      for (const stream of this.#subscribers.of('secret', resource.name)) stream.tryAgain(resource)
    }
  }

  taken(resource: Resource): void {
    for (const stream of this.streams) if (stream.hasRejected(resource)) return
    this.parking.release(resource)
    this.#onRejected()
  }

  rejected(parked: Parked): void {
    const { resource, error, by } = parked
    const { kind, name, source } = resource
    // One that is tried again and again is told once.
    const again = this.parking.errorOf(resource) === error
    this.figures.rejections += again ? 0 : 1
    this.#log[again ? 'debug' : 'error'](
      { kind, name, source, error, envoy: by },
      'rejected by Envoy; not sent again until it changes',
    )
    // A last good version that this Envoy alone does not take leaves parked what is.
    if (this.#offered?.snapshot.resources[kind].get(name)?.version === resource.version) this.parking.park(parked)
    for (const stream of this.#subscribers.of(kind, name)) stream.mark(kind, name)
    this.#onRejected()
  }

  #declare(number: number): void {
    if (number === this.#declared?.number) return
    this.#provenBefore = this.provenDeclared
    this.#declared = { number, offer: this.#offered?.mark.offer ?? 0 }
  }

  #pump(): void {
    for (const stream of this.streams) {
      stream.pump()
      this.#count(stream)
    }
    this.#prove()
  }

  #prove(): void {
    const offered = this.#offered
    const least = this.#least.value
    const revision = least?.revision ?? nothingProven.revision
    if (revision !== nothingProven.revision && revision !== this.#proven?.revision) {
      this.#proven = { revision, at: Date.now() }
    }
    const settled = revision === offered?.mark.revision && least?.offer === offered.mark.offer
    if (!offered || !least || settled) this.#unprovenSince = undefined
    else this.#unprovenSince ??= Date.now()
  }

  /** Takes into account how far a stream has come: of many streams only those are looked at that have moved. */
  #count(stream: DeltaStream): void {
    const { counted, shown, isSure } = stream
    if ((counted.shown === shown && counted.isSure === isSure) || !this.streams.has(stream)) return
    this.#remove(counted)
    stream.counted = { shown, isSure }
    this.#add(stream.counted)
  }

  #add({ shown, isSure }: Counted): void {
    this.#least.add(shown ?? nothingProven)
    if (!isSure) this.#unsure += 1
  }

  #remove({ shown, isSure }: Counted): void {
    this.#least.remove(shown ?? nothingProven)
    if (!isSure) this.#unsure -= 1
  }

  #markChanges(changed: Changes, after: Snapshot): void {
    const only = this.parking.isEmpty ? onlyEndpoints(changed, after) : undefined
    if (only) {
      for (const stream of this.#subscribers.of('endpoints', only.name)) {
        if (!stream.tell(only)) stream.mark('endpoints', only.name)
      }
      return
    }
    for (const kind of resourceKinds) {
      for (const name of changed[kind]) {
        for (const stream of this.#subscribers.of(kind, name)) stream.mark(kind, name)
      }
    }
  }
}

/** The endpoints that are all that has changed; undefined: more has, or something is gone. */
function onlyEndpoints(changed: Changes, { resources }: Snapshot): Resource | undefined {
  const [name, ...more] = resourceKinds.flatMap((kind) => changed[kind])
  if (name === undefined || more.length > 0 || changed.endpoints.length === 0) return undefined
  return resources.endpoints.get(name)
}

/** Whether routes and clusters are the very same, so that those lead where they led. */
function leadsAsBefore(before: Snapshot | undefined, { resources }: Snapshot): boolean {
  return before?.resources.routes === resources.routes && before.resources.cluster === resources.cluster
}

/** What is in a frame. Most have one resource: every stream that wants it asks for just that object. */
function frameKey(kind: ResourceKind, upserts: readonly Resource[], removed: readonly string[]): string | Resource {
  const [only] = upserts
  if (only && upserts.length === 1 && removed.length === 0) return only
  return JSON.stringify([kind, upserts.map(({ name, version }) => [name, version]), removed])
}
