import type * as z from 'zod/mini'
import { explainError, type Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { RecordChange } from '../../fleet/record.ts'
import { KubernetesApi, type Traffic } from '../../kubernetes/ask-api.ts'
import type { ClusterConfig } from '../../kubernetes/config.ts'
import { type Follower, follow } from '../../kubernetes/follow.ts'
import { EndpointSlice, Pod } from '../../kubernetes/objects.ts'
import { recordAll } from '../propose.ts'
import { authorOf, differences, isOf } from './differences.ts'
import { judgeMissing } from './missing.ts'
import { ToldByCluster } from './told.ts'

export type SourceParts = {
  readonly config: ClusterConfig
  readonly fleet: FleetView
  /** As the one who leads: a cluster has one writer. */
  readonly record: RecordChange
  readonly log: Logger
}

/** What is known of one cluster. */
export type KubernetesStatus = {
  readonly cluster: string
  /** It has said all that there is since this process began to watch it; else its last journalled instances stand in. */
  readonly answered: boolean
  /** Why it does not answer now; undefined: it does. */
  readonly error: string | undefined
  readonly instances: number
  /** Instances that a list did not name, and that wait for an operator. */
  readonly held: number
  /** Endpoints that are no instances, by why. */
  readonly leftOut: Readonly<Record<string, number>>
  readonly traffic: Readonly<Traffic>
}

/** What comes within this time is recorded together. */
const gatherMs = 20
/** Until all is told it is looked so often whether it is. */
const gatherWholeMs = 1_000
/** Everything is compared again so often, with what is known already: nothing is asked for. */
const compareEveryMs = 60_000
/** Changes that are recorded together. */
const chunk = 200
/** What is registered is judged in the next round, and taken out of service in the one after it. */
const mostRounds = 6
/** What could not be recorded is tried again so much later. */
const retryMs = 1_000

type Watched = {
  readonly what: string
  listed: boolean
  /** A list is being read: half of it looks like an end of the rest. */
  listing: boolean
  error: Failure | undefined
}

/** Watches one Kubernetes cluster, and records what changes of its instances. */
export class KubernetesSource implements AsyncDisposable {
  readonly #parts: SourceParts
  readonly #api: KubernetesApi
  readonly #told: ToldByCluster
  readonly #log: Logger
  readonly #author: string
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>
  readonly #watched: Watched[] = []
  #touched = new Set<string>()
  /** All that the fleet has of it is to be compared with all that was told. */
  #compareAll = true
  #held = new Set<string>()
  /** Those whose end was heard, or judged: nothing else is deregistered. */
  readonly #ended = new Set<string>()
  /** What an operator has let go: of what was held then, and of nothing else. */
  #approved: ReadonlySet<string> = none
  #wake: (() => void) | undefined

  constructor(parts: SourceParts) {
    const { config } = parts
    this.#parts = parts
    this.#author = authorOf(config.name)
    this.#log = parts.log.child({ kubernetes: config.name })
    const places = config.namespaces.length === 0 ? [undefined] : config.namespaces
    const watches = places.length * (config.pods ? 2 : 1)
    this.#api = new KubernetesApi({ cluster: config.name, access: config, mostSockets: watches + 1 })
    this.#told = new ToldByCluster(config)
    this.#running = Promise.all([this.#recordInRounds(), ...places.flatMap((place) => this.#watch(place))])
  }

  /** It has said all that there is. */
  get answered(): boolean {
    return this.#watched.every(({ listed }) => listed)
  }

  /** What was told can be taken as all that there is. */
  get #isWhole(): boolean {
    return this.answered && this.#parts.fleet.complete && !this.#watched.some(({ listing }) => listing)
  }

  get status(): KubernetesStatus {
    const error = this.#watched.find((each) => each.error)
    return {
      cluster: this.#parts.config.name,
      answered: this.answered,
      error: error && `${error.what}: ${explainError(error.error)}`,
      instances: this.#isWhole ? this.#told.size + this.#held.size : this.#known().size,
      held: this.#held.size,
      leftOut: Object.fromEntries(this.#told.leftOut()),
      traffic: { ...this.#api.traffic },
    }
  }

  /** Lets go what a list did not name. Returns how many that are. */
  approve(): number {
    const { size } = this.#held
    if (size > 0) {
      this.#approved = new Set(this.#held)
      this.#compareAll = true
      this.#wake?.()
    }
    return size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#running
    this.#api[Symbol.dispose]()
  }

  #watch(namespace: string | undefined): readonly Promise<void>[] {
    const { config } = this.#parts
    const within = namespace === undefined ? '' : `/namespaces/${namespace}`
    const slices = this.#follow({
      what: `EndpointSlices${namespace === undefined ? '' : ` in ${namespace}`}`,
      path: `/apis/discovery.k8s.io/v1${within}/endpointslices`,
      labelSelector: config.selector,
      read: EndpointSlice,
      put: (slice) => this.#told.putSlice(slice),
      remove: ({ metadata }) => this.#told.dropSlice(`${metadata.namespace}/${metadata.name}`),
      listing: () => this.#told.forgetSlices((key) => isWithin(key, namespace)),
    })
    if (!config.pods) return [slices]
    const pods = this.#follow({
      what: `Pods${namespace === undefined ? '' : ` in ${namespace}`}`,
      path: `/api/v1${within}/pods`,
      labelSelector: config.pod_selector,
      read: Pod,
      put: (pod) => this.#told.putPod(pod),
      remove: ({ metadata: { namespace: of, name, uid } }) => this.#told.endPod(of, name, uid),
      listing: () => this.#told.forgetPods((key) => isWithin(key, namespace)),
    })
    return [slices, pods]
  }

  #follow<T extends { readonly metadata: { readonly namespace: string; readonly name: string } }>(of: {
    readonly what: string
    readonly path: string
    readonly labelSelector: string | undefined
    readonly read: z.ZodMiniType<T>
    readonly put: (object: T) => ReadonlySet<string>
    readonly remove: (object: T) => ReadonlySet<string>
    readonly listing: () => void
  }): Promise<void> {
    const watched: Watched = { what: of.what, listed: false, listing: false, error: undefined }
    this.#watched.push(watched)
    const parsed = (object: unknown): T | undefined => {
      const { data } = of.read.safeParse(object)
      // One that cannot be read is not to keep the others away.
      if (!data) this.#log.debug({ what: of.what }, 'an object of the cluster cannot be read')
      return data
    }
    const follower: Follower = {
      listing: () => {
        // Nothing is concluded before the list is whole.
        watched.listing = true
        of.listing()
      },
      put: (object) => {
        const read = parsed(object)
        if (read) this.#touch(of.put(read))
      },
      remove: (object) => {
        const read = parsed(object)
        if (read) this.#touch(of.remove(read))
      },
      listed: () => {
        this.#compareAll = true
        watched.listed = true
        watched.listing = false
        this.#wake?.()
      },
      heard: (error) => {
        if (error && !watched.error)
          this.#log.warn({ err: error, what: of.what }, 'a Kubernetes cluster cannot be watched')
        if (!error && watched.error) this.#log.info({ what: of.what }, 'a Kubernetes cluster can be watched again')
        watched.error = error
      },
    }
    const { path, labelSelector } = of
    return follow({ api: this.#api, path, labelSelector, stop: this.#stop.signal }, follower)
  }

  #touch(ids: ReadonlySet<string>): void {
    if (ids.size === 0) return
    for (const id of ids) {
      this.#touched.add(id)
      if (this.#told.has(id)) this.#ended.delete(id)
      else this.#ended.add(id)
    }
    this.#wake?.()
  }

  async #recordInRounds(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#due()
      if (signal.aborted) return
      await pause(gatherMs, signal)
      if (signal.aborted) return
      // Without its Pods an instance would be registered twice.
      if (!this.#isWhole) continue
      try {
        await this.#recordOnce()
      } catch (err) {
        this.#log.warn({ err }, 'what a Kubernetes cluster said could not be recorded; the next round does it')
        this.#compareAll = true
        await pause(retryMs, signal)
      }
    }
  }

  /** Waits until something was told, or all is to be compared again. */
  #due(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#isWhole && (this.#touched.size > 0 || this.#compareAll)) return Promise.resolve()
    const timer = setTimeout(
      () => {
        this.#compareAll = true
        resolve()
      },
      this.#isWhole ? compareEveryMs : gatherWholeMs,
    )
    this.#wake = resolve
    return promise.finally(() => {
      clearTimeout(timer)
      this.#wake = undefined
    })
  }

  async #recordOnce(): Promise<void> {
    let ids = this.#touched
    this.#touched = new Set()
    if (this.#compareAll) {
      this.#compareAll = false
      ids = new Set([...ids, ...this.#told.ids, ...this.#judgeMissing()])
    }
    // Whatever is told of now, or has ended, is no more held.
    for (const id of ids) if (this.#told.has(id) || this.#ended.has(id)) this.#held.delete(id)
    for (let round = 0; round < mostRounds && ids.size > 0; round += 1) {
      const { changed, again } = await this.#recordAll(ids)
      ids = again
      if (changed === 0) break
    }
    if (ids.size === 0) return
    // The store takes nothing, all is being listed anew, or others change the same all the time.
    for (const id of ids) this.#touched.add(id)
    await pause(retryMs, this.#stop.signal)
  }

  /** What a list did not name, and may go; the rest is held. */
  #judgeMissing(): readonly string[] {
    const known = this.#known()
    const missing = new Map([...known].filter(([id]) => this.#told.wanted(id) === undefined))
    const { gone, held } = judgeMissing(missing, known.size, this.#told.services())
    const released = held.filter((id) => this.#approved.has(id))
    const before = this.#held.size
    this.#held = new Set(held).difference(this.#approved)
    this.#approved = none
    if (this.#held.size > 0 && before === 0) {
      this.#log.warn(
        { held: this.#held.size },
        'a list did not name many instances: they stay until an operator lets them go',
      )
    }
    const ended = [...gone, ...released]
    for (const id of ended) this.#ended.add(id)
    return ended
  }

  /** The changes of some instances; resolves with how many changed something, and with what is to be looked at again. */
  async #recordAll(ids: ReadonlySet<string>): Promise<{ readonly changed: number; readonly again: Set<string> }> {
    const { fleet, record } = this.#parts
    const again = new Set<string>()
    const joining = new Set<string>()
    const all = [...ids]
    let changed = 0
    for (let first = 0; first < all.length && !this.#stop.signal.aborted; first += chunk) {
      // A list may have begun meanwhile: what it has not named yet is not gone.
      if (!this.#isWhole) {
        for (const id of all.slice(first)) again.add(id)
        break
      }
      const proposals = all.slice(first, first + chunk).flatMap((id) => {
        const wanted = this.#told.wanted(id)
        const node = wanted && fleet.nodes.get(wanted.node.id)
        const found = differences(this.#author, id, fleet.instances.get(id), wanted, node)
        if (found.length === 0) this.#ended.delete(id)
        // A list that does not name it is no end: all are compared after it, and what is missing is judged.
        else if (!wanted && !this.#ended.has(id)) return []
        else again.add(id)
        return found.filter(({ change }) => {
          if (change.kind !== 'node-joined') return true
          // Many come at once from one node.
          if (joining.has(change.node.id)) return false
          joining.add(change.node.id)
          return true
        })
      })
      changed += await recordAll(proposals, record, this.#author, this.#log)
    }
    return { changed, again }
  }

  /** What the fleet has of this cluster. */
  #known(): ReadonlyMap<string, InstanceBelief> {
    const known = new Map<string, InstanceBelief>()
    for (const [id, each] of this.#parts.fleet.instances) if (isOf(this.#author, each)) known.set(id, each)
    return known
  }
}

const none: ReadonlySet<string> = new Set()

function isWithin(key: string, namespace: string | undefined): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`)
}
