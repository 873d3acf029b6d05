import type { AskedEndpoint } from '#shared/protocol/authorizer.ts'

/** One that failed comes last for so long. */
const troubledMs = 10_000

/** Whose turn it is: the best priority first, in rotation, and those that have just failed after all others. */
export class Turn {
  #turn = 0
  readonly #failedAt = new Map<string, number>()

  /** All endpoints in the order in which to ask them. @param now milliseconds of a monotonic clock */
  order(endpoints: readonly AskedEndpoint[], now: number): readonly AskedEndpoint[] {
    const turn = this.#turn++
    const placed = endpoints.map((endpoint, index) => ({
      endpoint,
      troubled: Number(this.#isTroubled(endpoint, now)),
      place: (index + endpoints.length - (turn % endpoints.length)) % endpoints.length,
    }))
    return placed
      .toSorted((a, b) => a.troubled - b.troubled || a.endpoint.priority - b.endpoint.priority || a.place - b.place)
      .map(({ endpoint }) => endpoint)
  }

  failed(endpoint: AskedEndpoint, now: number): void {
    this.#failedAt.set(nameOf(endpoint), now)
  }

  answered(endpoint: AskedEndpoint): void {
    this.#failedAt.delete(nameOf(endpoint))
  }

  /** Only these are there from now on. */
  keep(endpoints: readonly AskedEndpoint[]): void {
    const names = new Set(endpoints.map(nameOf))
    for (const name of [...this.#failedAt.keys()]) if (!names.has(name)) this.#failedAt.delete(name)
  }

  #isTroubled(endpoint: AskedEndpoint, now: number): boolean {
    const at = this.#failedAt.get(nameOf(endpoint))
    return at !== undefined && now - at < troubledMs
  }
}

function nameOf({ address, port }: AskedEndpoint): string {
  return `${address} ${port}`
}
