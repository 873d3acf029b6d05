import type { Logger } from '#shared/logging/logger.ts'
import { DeltaStream, type StreamChannel, type Write } from './delta-stream.ts'
import { type Frame, toFrame } from './frame.ts'
import { type Parked, Parking } from './parking.ts'
import type { Mark } from './progress.ts'
import type { DeltaRequest } from './request.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import { changedNames, danglingTargets, type Snapshot } from './snapshot.ts'
import { SubscriberIndex } from './subscriber-index.ts'

export type Offer = Mark & { readonly snapshot: Snapshot }

export type ChannelOptions = {
  readonly gateway: string
  readonly log: Logger
  /** Called when an Envoy rejected a resource: what is offered may have to change. */
  readonly onRejected: () => void
}

/** Frames of one offer that are kept for the next stream that wants just the same. */
const mostFrames = 64

const unconfirmedForMs = 10 * 60_000

/** What one gateway's Envoys are offered, and the streams of those that are connected. */
export class Channel implements StreamChannel {
  readonly gateway: string
  readonly parking = new Parking()
  readonly streams = new Set<DeltaStream>()
  readonly #log: Logger
  readonly #onRejected: () => void
  readonly #subscribers = new SubscriberIndex<DeltaStream>()
  /** Frames of the present offer, by what is in them. */
  readonly #frames = new Map<string, Frame>()
  /**
   * Clusters of which a stream ended before they were confirmed, by when that was. An Envoy that comes back with such a cluster says that it
   * has its endpoints, and yet waits for them.
   */
  readonly #unconfirmed = new Map<string, number>()
  #offered: Offer | undefined
  #proven: { readonly revision: number; readonly at: number } | undefined
  #unprovenSince: number | undefined
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

  /** For how long the newest offer has not been proven, in milliseconds; 0: it is, or nobody is connected. */
  lagMs(now: number): number {
    return this.#unprovenSince === undefined ? 0 : Math.max(0, now - this.#unprovenSince)
  }

  /** Bytes made for Envoys so far, each frame counted once however many streams it went to. */
  readonly figures = { frames: 0, bytes: 0, rejections: 0 }

  /**
   * Offers a snapshot to all streams, or the same one at a newer revision. One that leads nowhere is refused: it says so and keeps what
   * was offered before.
   */
  offer(snapshot: Snapshot, revision: number): void {
    const before = this.#offered
    if (before?.snapshot.version === snapshot.version) {
      this.#offered = { snapshot, revision, offer: before.offer }
      this.#pump()
      return
    }
    const dangling = danglingTargets(snapshot)
    if (dangling.length > 0) {
      this.#log.error(
        { dangling, version: snapshot.version },
        'a snapshot with routes that lead nowhere is not published',
      )
      return
    }
    this.#offers += 1
    this.#offered = { snapshot, revision, offer: this.#offers }
    this.#frames.clear()
    this.parking.follow(snapshot)
    if (before) this.#markChanges(before.snapshot, snapshot)
    else for (const stream of this.streams) stream.markAll(snapshot)
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
    return stream
  }

  request(stream: DeltaStream, request: DeltaRequest): void {
    const { kind } = request
    if (kind === undefined) return
    for (const name of request.unsubscribe) this.#subscribers.remove(kind, name, stream)
    stream.request(request)
    if (stream.isWildcard(kind)) this.#subscribers.add(kind, '*', stream)
    for (const name of request.subscribe) this.#subscribers.add(kind, name, stream)
    this.#prove()
  }

  close(stream: DeltaStream): void {
    this.streams.delete(stream)
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
    without: ReadonlyMap<string, Frame>,
  ): Frame {
    const key = JSON.stringify([kind, upserts.map(({ name, version }) => [name, version]), removed])
    const known = this.#frames.get(key)
    if (known && !without.has(known.nonce)) return known
    this.#nonces += 1
    const nonce = this.#nonces.toString(36)
    const frame = toFrame(kind, upserts, removed, { nonce, systemVersion: this.#offered?.snapshot.version ?? '' })
    this.figures.frames += 1
    this.figures.bytes += frame.bytes.length
    if (this.#frames.size >= mostFrames) this.#frames.clear()
    this.#frames.set(key, frame)
    return frame
  }

  rejected(parked: Parked): void {
    const { resource, error, by } = parked
    const { kind, name, source } = resource
    this.figures.rejections += 1
    this.#log.error({ kind, name, source, error, envoy: by }, 'rejected by Envoy; not sent again until it changes')
    this.parking.park(parked)
    for (const stream of this.#subscribers.of(kind, name)) stream.mark(kind, name)
    this.#onRejected()
  }

  #pump(): void {
    for (const stream of this.streams) stream.pump()
    this.#prove()
  }

  #prove(): void {
    const now = Date.now()
    const streams = [...this.streams]
    const least = leastOf(streams.map(({ proven }) => proven))
    if (least !== undefined && least !== this.#proven?.revision) this.#proven = { revision: least, at: now }
    if (!this.#offered || streams.every(({ settled }) => settled)) this.#unprovenSince = undefined
    else this.#unprovenSince ??= now
  }

  #markChanges(before: Snapshot, after: Snapshot): void {
    const changed = changedNames(before, after)
    for (const kind of resourceKinds) {
      for (const name of changed[kind]) {
        for (const stream of this.#subscribers.of(kind, name)) stream.mark(kind, name)
      }
    }
  }
}

/** The least of them; undefined: one of them has none, or there are none. */
function leastOf(proven: readonly (number | undefined)[]): number | undefined {
  return proven.length === 0
    ? undefined
    : proven.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b)))
}
