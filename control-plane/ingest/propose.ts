import type { Logger } from '#shared/logging/logger.ts'
import type { Outcome } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Proposal } from './proposal.ts'

/**
 * Records proposals, one in flight per key. A proposal while another of its key is in flight is passed over, and a failed or
 * overtaken one is not repeated: whoever proposes looks at everything again and again anyway.
 */
export class Proposer {
  readonly #record: RecordChange
  readonly #by: string
  readonly #log: Logger
  readonly #inFlight = new Map<string, Promise<void>>()

  constructor(record: RecordChange, by: string, log: Logger) {
    this.#record = record
    this.#by = by
    this.#log = log
  }

  /**
   * @param proposal without `seen`: it is right whatever came before
   * @param settled gets what became of it; undefined: it could not be recorded
   */
  propose(
    key: string,
    { change, ...seen }: Pick<Proposal, 'change'> & Partial<Pick<Proposal, 'seen'>>,
    settled: (outcome: Outcome | undefined) => void = () => {},
  ): void {
    if (this.#inFlight.has(key)) return
    const flight = this.#record(change, { by: this.#by, ...seen })
      .catch((err: unknown) => {
        this.#log.warn({ err, change: change.kind, key }, 'a change could not be recorded')
        return undefined
      })
      .then((outcome) => {
        this.#inFlight.delete(key)
        settled(outcome)
      })
    this.#inFlight.set(key, flight)
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.values())
  }
}

/** Records proposals together; what fails is logged, and the next look is the retry. Says how many changed something. */
export async function recordAll(
  proposals: readonly Proposal[],
  record: RecordChange,
  by: string,
  log: Logger,
): Promise<number> {
  const outcomes = await Promise.allSettled(proposals.map(({ change, seen }) => record(change, { by, seen })))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') log.warn({ err: outcome.reason }, 'a change could not be recorded')
  }
  return outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 'changed').length
}
