import type { Metric } from '#shared/protocol/messages.ts'

/** A value as the plane hears it: of an instance, or of a node where `instance` is left out. */
export type Heard = Metric & {
  readonly node: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Who says it: an agent measures its host itself; whatever else it reads from a service's page is the service's own word. */
export type Teller = 'agent' | 'client'

type Value = { readonly value: number; readonly at: number }
export type StoredMeasure = readonly [kind: 'node' | 'instance', id: string, name: string, value: number, at: number]

/** Four of an agent's reports: what is older says nothing of now. */
export const validForMs = 60_000
/** A measured value follows a jump by about two thirds within this time. */
const smoothedOverMs = 30_000
/** Memory counts as load from here on, percent. */
const memoryTight = 80
const nodeNames = new Set(['host_cpu_usage', 'host_memory_usage'])
const loadNames = ['load_usage', 'cpu_usage'] as const
const requestNames = new Set(['service_requests', 'service_errors'])

/** The newest word on the load of nodes, and of instances on themselves. Bounded: `forget` drops what is too old to say anything. */
export class Measures {
  /** By what they are of, then by name. */
  readonly #nodes = new Map<string, Map<string, Value>>()
  readonly #instances = new Map<string, Map<string, Value>>()

  /** What is older than what is known already, as agents tell it of times without a plane, changes nothing. */
  take(heard: Iterable<Heard>, teller: Teller): void {
    for (const { instance, node, name, unit, value, at } of heard) {
      if (!Number.isFinite(value)) continue
      // A client's word on a node would be its own: only agents measure.
      if (instance === undefined && teller === 'agent' && nodeNames.has(name))
        smooth(this.#nodes, node, name, value, at)
      if (instance === undefined) continue
      // No page can speak under this name: the agent reserves it.
      if (teller === 'agent' && name === 'check_duration') smooth(this.#instances, instance, name, value, at)
      const isLoad = unit === 'percent' && loadNames.some((each) => each === name)
      if (isLoad || requestNames.has(name)) put(this.#instances, instance, name, value, at)
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
    for (const all of [this.#nodes, this.#instances]) {
      for (const [id, values] of all) {
        for (const [name, { at }] of values) if (now - at > validForMs) values.delete(name)
        if (values.size === 0) all.delete(id)
      }
    }
  }

  stored(): readonly StoredMeasure[] {
    return [...rowsOf('node', this.#nodes), ...rowsOf('instance', this.#instances)]
  }

  /** Takes up what the process before knew: it stands in until there are newer values, as if it had been measured now. */
  restore(stored: readonly StoredMeasure[], now: number): void {
    for (const [kind, id, name, value] of stored) {
      const all = kind === 'node' ? this.#nodes : this.#instances
      if (!all.get(id)?.has(name)) put(all, id, name, value, now)
    }
  }
}

type Values = Map<string, Map<string, Value>>

function rowsOf(kind: 'node' | 'instance', all: Values): readonly StoredMeasure[] {
  return [...all].flatMap(([id, values]) =>
    [...values].map(([name, { value, at }]) => [kind, id, name, value, at] as const),
  )
}

function fresh(all: Values, id: string, name: string, now: number): number | undefined {
  const known = all.get(id)?.get(name)
  return known === undefined || now - known.at > validForMs ? undefined : known.value
}

function smooth(all: Values, id: string, name: string, value: number, at: number): void {
  const known = all.get(id)?.get(name)
  if (known && at <= known.at) return
  const ageMs = known ? at - known.at : Number.POSITIVE_INFINITY
  // What is too old to count is not mixed in.
  const share = ageMs > validForMs ? 1 : 1 - Math.exp(-ageMs / smoothedOverMs)
  put(all, id, name, (known?.value ?? 0) * (1 - share) + value * share, at)
}

/** What is older than what is known changes nothing. */
function put(all: Values, id: string, name: string, value: number, at: number): void {
  const values = all.getOrInsertComputed(id, () => new Map<string, Value>())
  const known = values.get(name)
  if (!known || at >= known.at) values.set(name, { value, at })
}
