import { preferred } from '#shared/spread/rendezvous.ts'

/** An address that failed is passed over for so long, as long as there is another one. */
const avoidedMs = 60_000

/** One of the addresses, for whoever looks at the agent. */
export type ListedPlane = {
  readonly plane: string
  /** By the monotonic clock; undefined: it did not. */
  readonly failedAt: number | undefined
}

/**
 * The addresses of planes that this agent may talk to, in an order of its own: agents with the same list spread evenly over it, and those
 * of an address that fails spread evenly over the others. Times in milliseconds of a monotonic clock.
 */
export class PlaneList {
  readonly #order: readonly string[]
  readonly #failedAt = new Map<string, number>()
  #current: string

  /** @param node whose order it is */
  constructor(planes: readonly string[], node: string) {
    this.#order = preferred(node, planes)
    this.#current = this.#order[0] ?? ''
  }

  get current(): string {
    return this.#current
  }

  /** How many different ones there are. */
  get size(): number {
    return this.#order.length
  }

  /** The place of one in the order: 0 is the one that it would rather have. */
  choiceOf(plane: string): number {
    return Math.max(0, this.#order.indexOf(plane))
  }

  /** In their order. */
  get all(): readonly ListedPlane[] {
    return this.#order.map((plane) => ({ plane, failedAt: this.#failedAt.get(plane) }))
  }

  /** The current one did not do: goes on to the first that has not failed lately, or else to the one that failed longest ago. */
  failed(now: number): void {
    this.#failedAt.set(this.#current, now)
    const [next] = this.#others(now)
    if (next !== undefined) this.#current = next
  }

  /** Another one than the current did not do. */
  failedElsewhere(plane: string, now: number): void {
    this.#failedAt.set(plane, now)
  }

  /** It talks to this one now. */
  reached(plane: string): void {
    this.#current = plane
    this.#failedAt.delete(plane)
  }

  /**
   * Where to go when the current one asks this agent to go elsewhere, best first. One that leaves is left for any other; to spread anew is
   * only worth it for an agent that is not where it would rather be. Who knows one address alone may find another plane behind it.
   */
  targets(why: 'leaving' | 'balance', now: number): readonly string[] {
    if (this.#order.length <= 1) return this.#order
    if (why === 'leaving') return this.#others(now)
    const [first] = this.#order
    return first === undefined || first === this.#current || this.#isAvoided(first, now) ? [] : [first]
  }

  /** All but the current one: in their order those that have not failed lately, then those that have, oldest failure first. */
  #others(now: number): readonly string[] {
    const others = this.#order.filter((plane) => plane !== this.#current)
    const good = others.filter((plane) => !this.#isAvoided(plane, now))
    const bad = others.filter((plane) => this.#isAvoided(plane, now))
    return [...good, ...bad.toSorted((a, b) => (this.#failedAt.get(a) ?? 0) - (this.#failedAt.get(b) ?? 0))]
  }

  #isAvoided(plane: string, now: number): boolean {
    const failedAt = this.#failedAt.get(plane)
    return failedAt !== undefined && now - failedAt < avoidedMs
  }
}

/** The WebSocket address of the sessions of a plane at an http or https address. */
export function sessionUrl(plane: string, path: string): string {
  return `${plane.replace(/^http/, 'ws').replace(/\/+$/, '')}${path}`
}
