export type Waiting = {
  /** Keys of the instances to look at again; undefined: all. */
  readonly instances: ReadonlySet<string> | undefined
  readonly urgent: boolean
  /** Monotonic milliseconds since when the oldest of it waits. */
  readonly since: number
}

type MutableWaiting = { instances: Set<string> | undefined; urgent: boolean; since: number }

/** Nodes to look at again, each once: what it holds is bounded by the fleet, however long nobody takes from it. */
export class Queue {
  readonly #waiting = new Map<string, MutableWaiting>()
  readonly #urgent = new Set<string>()

  get size(): number {
    return this.#waiting.size
  }

  /** Keys of nodes, urgent ones first, otherwise in the order in which they came. */
  *keys(urgentOnly: boolean): Generator<string> {
    yield* this.#urgent
    if (urgentOnly) return
    for (const key of this.#waiting.keys()) if (!this.#urgent.has(key)) yield key
  }

  get(node: string): Waiting | undefined {
    return this.#waiting.get(node)
  }

  add(
    node: string,
    instances: Iterable<string> | undefined,
    { urgent, since }: Pick<Waiting, 'urgent' | 'since'>,
  ): void {
    const known = this.#waiting.get(node)
    if (urgent) this.#urgent.add(node)
    if (!known) {
      this.#waiting.set(node, { instances: instances && new Set(instances), urgent, since })
      return
    }
    known.urgent ||= urgent
    known.since = Math.min(known.since, since)
    if (instances === undefined) known.instances = undefined
    else for (const instance of instances) known.instances?.add(instance)
  }

  take(node: string): Waiting | undefined {
    const waiting = this.#waiting.get(node)
    this.#waiting.delete(node)
    this.#urgent.delete(node)
    return waiting
  }

  /** Since when the oldest waits; undefined: nothing waits. */
  oldest(): number | undefined {
    // They are in the order in which they came.
    for (const { since } of this.#waiting.values()) return since
    return undefined
  }
}
