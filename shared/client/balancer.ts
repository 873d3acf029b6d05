import type { Callable } from './callable.ts'

export type Balance = 'round_robin' | 'least_request'

/** Chooses among the instances of one service: in turn by weight, or the one with the fewest calls on their way for its weight. */
export class Balancer {
  readonly #balance: Balance
  /** By instance: how much it is due. The one that is due most is next, and owes then what all are due together. */
  readonly #due = new Map<string, number>()
  readonly #onTheirWay = new Map<string, number>()

  constructor(balance: Balance) {
    this.#balance = balance
  }

  /** undefined of none. */
  pick(candidates: readonly Callable[]): Callable | undefined {
    this.#forget(candidates)
    const fewest = this.#balance === 'least_request' ? this.#leastBusy(candidates) : candidates
    let next: Callable | undefined
    let total = 0
    for (const candidate of fewest) {
      total += candidate.weight
      const due = (this.#due.get(candidate.instance) ?? 0) + candidate.weight
      this.#due.set(candidate.instance, due)
      if (next === undefined || due > (this.#due.get(next.instance) ?? 0)) next = candidate
    }
    if (next) this.#due.set(next.instance, (this.#due.get(next.instance) ?? 0) - total)
    return next
  }

  began(instance: string): void {
    this.#onTheirWay.set(instance, this.onTheirWay(instance) + 1)
  }

  ended(instance: string): void {
    const left = this.onTheirWay(instance) - 1
    if (left > 0) this.#onTheirWay.set(instance, left)
    else this.#onTheirWay.delete(instance)
  }

  onTheirWay(instance: string): number {
    return this.#onTheirWay.get(instance) ?? 0
  }

  #leastBusy(candidates: readonly Callable[]): readonly Callable[] {
    const busy = ({ instance, weight }: Callable) => (this.onTheirWay(instance) + 1) / weight
    const least = Math.min(...candidates.map(busy))
    return candidates.filter((candidate) => busy(candidate) === least)
  }

  /** Instances come and go; what is kept of those that went is bounded. */
  #forget(candidates: readonly Callable[]): void {
    if (this.#due.size <= 2 * candidates.length + 64) return
    const there = new Set(candidates.map(({ instance }) => instance))
    for (const instance of this.#due.keys()) if (!there.has(instance)) this.#due.delete(instance)
  }
}
