import { addressesIn, isEverything } from '#shared/identity/ranges.ts'
import type { ClusterConfig } from '../../kubernetes/config.ts'
import type { EndpointSlice, Pod } from '../../kubernetes/objects.ts'
import { chosenOf, type Endpoint, endpointsOf, type LeftOut } from './endpoint.ts'
import { type PodFacts, podFacts, type Wanted, wantedOf } from './instance.ts'
import { serviceOf } from './rule.ts'

/** Pods whose end was told are remembered as long as a slice may still name them; this many at most. */
const mostEnded = 20_000

type Told = {
  readonly endpoints: readonly Endpoint[]
  readonly leftOut: ReadonlyMap<LeftOut, number>
  /** How many more it has than were kept. */
  readonly beyond: number
  /** `<namespace>/<name>` of its Service. */
  readonly of: string | undefined
}

/**
 * All that a cluster has told of its slices and Pods, by the instances of ours that follow. Each change says which of them to look at again.
 * What a list tells anew is forgotten before it.
 */
export class ToldByCluster {
  readonly #config: ClusterConfig
  readonly #inRange: (address: string) => boolean
  readonly #slices = new Map<string, Told>()
  readonly #pods = new Map<string, PodFacts>()
  /** By instance, then by slice. */
  readonly #endpoints = new Map<string, Map<string, Endpoint>>()
  /** The instances that a Pod is behind. */
  readonly #ofPod = new Map<string, Set<string>>()
  readonly #ended = new Set<string>()
  #kept = 0

  constructor(config: ClusterConfig) {
    this.#config = config
    this.#inRange = isEverything(config.ranges) ? () => true : addressesIn(config.ranges)
  }

  /** Instances of ours that are told of now. */
  get ids(): Iterable<string> {
    return this.#endpoints.keys()
  }

  get size(): number {
    return this.#endpoints.size
  }

  /** `<namespace>/<name>` of the Services that have slices. */
  services(): ReadonlySet<string> {
    const named = new Set<string>()
    for (const { of } of this.#slices.values()) if (of !== undefined) named.add(of)
    return named
  }

  /** Endpoints of services of ours that are none of our instances, by why; `beyond`: there are more than may be kept. */
  leftOut(): ReadonlyMap<LeftOut | 'beyond', number> {
    const all = new Map<LeftOut | 'beyond', number>()
    for (const { leftOut, beyond } of this.#slices.values()) {
      for (const [why, count] of leftOut) all.set(why, (all.get(why) ?? 0) + count)
      if (beyond > 0) all.set('beyond', (all.get('beyond') ?? 0) + beyond)
    }
    return all
  }

  /** Whether the instance is told of. */
  has(id: string): boolean {
    return !this.#here(id).next().done
  }

  /** What the instance is by now; undefined: it is gone. */
  wanted(id: string): Wanted | undefined {
    const endpoint = chosenOf(this.#here(id), this.#config.family)
    if (!endpoint) return undefined
    return wantedOf(
      endpoint,
      endpoint.pod && this.#pods.get(podKey(endpoint.namespace, endpoint.pod.name)),
      this.#config,
    )
  }

  /** What is told of it, but of Pods that have ended. */
  #here(id: string) {
    const told = this.#endpoints.get(id)?.values() ?? [].values()
    return told.filter(({ pod }) => pod === undefined || !this.#ended.has(pod.uid))
  }

  putSlice(slice: EndpointSlice): ReadonlySet<string> {
    const key = `${slice.metadata.namespace}/${slice.metadata.name}`
    const touched = this.dropSlice(key)
    const { endpoints: all, leftOut } = endpointsOf(slice, { ...this.#config, inRange: this.#inRange })
    const endpoints = all.slice(0, Math.max(0, this.#config.most - this.#kept))
    const name = serviceOf(slice)
    const of = name === undefined ? undefined : `${slice.metadata.namespace}/${name}`
    this.#slices.set(key, { endpoints, leftOut, beyond: all.length - endpoints.length, of })
    this.#kept += endpoints.length
    for (const endpoint of endpoints) {
      const { id, pod, namespace } = endpoint
      touched.add(id)
      this.#endpoints.getOrInsertComputed(id, () => new Map()).set(key, endpoint)
      if (pod) this.#ofPod.getOrInsertComputed(podKey(namespace, pod.name), () => new Set()).add(id)
    }
    return touched
  }

  dropSlice(key: string): Set<string> {
    const touched = new Set<string>()
    const before = this.#slices.get(key)
    if (!before) return touched
    this.#slices.delete(key)
    this.#kept -= before.endpoints.length
    for (const { id, pod, namespace } of before.endpoints) {
      touched.add(id)
      const told = this.#endpoints.get(id)
      told?.delete(key)
      if (told?.size !== 0) continue
      this.#endpoints.delete(id)
      if (!pod) continue
      const behind = this.#ofPod.get(podKey(namespace, pod.name))
      behind?.delete(id)
      if (behind?.size === 0) this.#ofPod.delete(podKey(namespace, pod.name))
    }
    return touched
  }

  putPod(pod: Pod): ReadonlySet<string> {
    const key = podKey(pod.metadata.namespace, pod.metadata.name)
    this.#pods.set(key, podFacts(pod))
    return this.#ofPod.get(key) ?? none
  }

  /** A Pod that was deleted is gone, whatever slices still say of it. */
  endPod(namespace: string, name: string, uid: string): ReadonlySet<string> {
    const key = podKey(namespace, name)
    const behind = this.#ofPod.get(key)
    if (this.#pods.get(key)?.uid === uid) this.#pods.delete(key)
    if (!behind || uid === '') return none
    this.#ended.add(uid)
    const [oldest] = this.#ended
    if (this.#ended.size > mostEnded && oldest !== undefined) this.#ended.delete(oldest)
    return behind
  }

  /** Before slices are listed anew: what they were is not to count among the most that are kept. */
  forgetSlices(isListed: (key: string) => boolean): void {
    for (const key of [...this.#slices.keys()]) if (isListed(key)) this.dropSlice(key)
  }

  /** The same of Pods: what is not known of any more says nothing. */
  forgetPods(isListed: (key: string) => boolean): void {
    for (const key of [...this.#pods.keys()]) if (isListed(key)) this.#pods.delete(key)
  }
}

const none: ReadonlySet<string> = new Set()

function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`
}
