import type { Metric } from '#shared/protocol/messages.ts'
import { Newest } from './newest.ts'

/** A value as the plane hears it: of an instance, or of a node where `instance` is left out. */
export type Heard = Metric & {
  readonly node: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Who says it: an agent measures its host itself; whatever else it reads from a service's page is the service's own word. */
export type Teller = 'agent' | 'client'

export type StoredMeasure = readonly [kind: 'node' | 'instance', id: string, name: string, value: number, at: number]

/** Four of an agent's reports: what is older says nothing of now. */
export const validForMs = 60_000
/** A measured value follows a jump by about two thirds within this time. */
const smoothedOverMs = 30_000
/** Memory counts as load from here on, percent. */
const memoryTight = 80
const nodeNames: readonly string[] = ['host_cpu_usage', 'host_memory_usage']
const loadNames = ['load_usage', 'cpu_usage'] as const
const requestNames = ['service_requests', 'service_errors'] as const

/** The newest word on the load of nodes, and of instances on themselves. Bounded: `forget` drops what is too old to say anything. */
export class Measures {
  readonly #nodes = new Newest(nodeNames)
  readonly #instances = new Newest(['check_duration', ...loadNames, ...requestNames])

  /** What is older than what is known already, as agents tell it of times without a plane, changes nothing. */
  take(heard: Iterable<Heard>, teller: Teller): void {
    for (const { instance, node, name, unit, value, at } of heard) {
      if (!Number.isFinite(value)) continue
      // A client's word on a node would be its own: only agents measure.
      if (instance === undefined && teller === 'agent' && nodeNames.includes(name))
        smooth(this.#nodes, node, name, value, at)
      if (instance === undefined) continue
      // No page can speak under this name: the agent reserves it.
      if (teller === 'agent' && name === 'check_duration') smooth(this.#instances, instance, name, value, at)
      const isLoad = unit === 'percent' && loadNames.some((each) => each === name)
      if (isLoad || requestNames.some((each) => each === name)) this.#instances.put(instance, name, value, at)
    }
  }

  /** The load of a node, 0 to 1: of its processors, or of its memory as far as that is tight; undefined: not measured of late. */
  ofNode(node: string, now: number): number | undefined {
    const cpu = fresh(this.#nodes, node, 'host_cpu_usage', now)
    if (cpu === undefined) return undefined
    const memory = fresh(this.#nodes, node, 'host_memory_usage', now) ?? 0
    return Math.max(cpu / 100, (memory - memoryTight) / (100 - memoryTight), 0)
  }

  /** What an instance says of its own load, 0 to 1, the worst of several words; undefined: nothing of late. */
  ownLoad(instance: string, now: number): number | undefined {
    if (!this.#instances.has(instance)) return undefined
    const said = loadNames.flatMap((name) => fresh(this.#instances, instance, name, now) ?? [])
    return said.length === 0 ? undefined : Math.max(...said) / 100
  }

  /** The share of its requests that an instance says failed; undefined: it says nothing of late, or got none. */
  errors(instance: string, now: number): number | undefined {
    const requests = fresh(this.#instances, instance, 'service_requests', now)
    const errors = fresh(this.#instances, instance, 'service_errors', now)
    return requests === undefined || errors === undefined || requests <= 0 ? undefined : errors / requests
  }

  /** How long the check of an instance takes, in milliseconds, as its agent measures it; undefined: not measured of late. */
  latencyMs(instance: string, now: number): number | undefined {
    return fresh(this.#instances, instance, 'check_duration', now)
  }

  forget(now: number): void {
    this.#nodes.forget(now - validForMs)
    this.#instances.forget(now - validForMs)
  }

  stored(): readonly StoredMeasure[] {
    return [
      ...[...this.#nodes.all()].map((each) => ['node', ...each] as const),
      ...[...this.#instances.all()].map((each) => ['instance', ...each] as const),
    ]
  }

  /** Takes up what the process before knew: it stands in until there are newer values, as if it had been measured now. */
  restore(stored: readonly StoredMeasure[], now: number): void {
    for (const [kind, id, name, value] of stored) {
      const all = kind === 'node' ? this.#nodes : this.#instances
      if (all.at(id, name) === undefined) all.put(id, name, value, now)
    }
  }
}

function fresh(all: Newest, id: string, name: string, now: number): number | undefined {
  const at = all.at(id, name)
  return at === undefined || now - at > validForMs ? undefined : all.value(id, name)
}

function smooth(all: Newest, id: string, name: string, value: number, at: number): void {
  const knownAt = all.at(id, name)
  if (knownAt !== undefined && at <= knownAt) return
  const ageMs = knownAt === undefined ? Number.POSITIVE_INFINITY : at - knownAt
  // What is too old to count is not mixed in.
  const share = ageMs > validForMs ? 1 : 1 - Math.exp(-ageMs / smoothedOverMs)
  all.put(id, name, (all.value(id, name) ?? 0) * (1 - share) + value * share, at)
}
