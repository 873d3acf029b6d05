import { type Outside, outsideText } from '#shared/identity/scope.ts'
import type { Logger } from '#shared/logging/logger.ts'

/** Nodes of which the last refusal is kept. */
const mostNodes = 1_000
/** So long a refusal is shown, milliseconds. */
const shownMs = 10 * 60_000
const mostShown = 5

type Refused = { readonly outside: Outside; readonly at: number }

/** What agents said beyond what their certificates let them: it was not taken. */
export class Refusals {
  readonly #log: Logger
  readonly #now: () => number
  readonly #last = new Map<string, Refused>()
  readonly #counts = new Map<Outside['what'], number>()

  /** @param now milliseconds of a monotonic clock */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  note(node: string, outside: Outside): void {
    const { what, said, may } = outside
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
    const before = this.#last.get(node)
    const at = this.#now()
    this.#last.delete(node)
    this.#last.set(node, { outside, at })
    const [oldest] = this.#last.keys()
    if (this.#last.size > mostNodes && oldest !== undefined) this.#last.delete(oldest)
    // An agent says the same with each report.
    const isNews = before?.outside.what !== what || before.outside.said !== said || at - before.at >= shownMs
    this.#log[isNews ? 'warn' : 'debug'](
      { node, what, said, may },
      'an agent said what its certificate does not let it',
    )
  }

  /** How often, by what was beyond it, since the start. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([what, count]) => [`beyond_scope_${what}`, count]))
  }

  /** What was refused of late, one line for each node, the newest first. */
  problems(): readonly string[] {
    const now = this.#now()
    const late = [...this.#last].filter(([, { at }]) => now - at < shownMs).reverse()
    const lines = late
      .slice(0, mostShown)
      .map(([node, { outside }]) => `IDENTITY_OUT_OF_SCOPE: of ${node}, ${outsideText(outside)}.`)
    return late.length > mostShown ? [...lines, `… and of ${late.length - mostShown} other nodes.`] : lines
  }
}
