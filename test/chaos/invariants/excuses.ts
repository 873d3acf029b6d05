import { entriesOf, faultSpans, type History, type Span } from '../history.ts'

/** How long a change may take to reach every sink, once nothing is in its way; a machine that dies alone has 15 s. */
export const arrivesWithinMs = 25_000

/** What may delay what happens to a server: faults of the planes and what they need, and of its own agent and host. */
export class Excuses {
  readonly spans: readonly Span[]
  readonly #control: ReadonlySet<string>
  readonly #agents: ReadonlyMap<string, string>

  constructor(history: History) {
    this.spans = faultSpans(history)
    const began = entriesOf(history, 'began')[0]
    this.#control = new Set(began?.control)
    this.#agents = new Map(began?.members.map(({ server, agent }) => [server, agent]))
  }

  /** Faults that delay what is heard or told of a server. */
  delaysOf(server: string): readonly Span[] {
    const agent = this.#agents.get(server)
    return this.spans.filter(({ hits }) => hits.some((unit) => this.#control.has(unit) || unit === agent))
  }

  /** The earliest time from which on something may still have its effect at `at`. */
  reachBack(at: number, server: string): number {
    let from = at - arrivesWithinMs
    for (const { begin, end } of this.delaysOf(server).toSorted((a, b) => b.begin - a.begin)) {
      if (begin <= at && end >= from) from = Math.min(from, begin - arrivesWithinMs)
    }
    return from
  }

  /** The time by which everybody knows what happened at `at`. */
  reachForward(at: number, server: string): number {
    let until = at + arrivesWithinMs
    for (const { begin, end } of this.delaysOf(server).toSorted((a, b) => a.begin - b.begin)) {
      if (end >= at && begin <= until) until = Math.max(until, end + arrivesWithinMs)
    }
    return until
  }
}
