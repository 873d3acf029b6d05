import type { ProbeSpec } from '#shared/protocol/check.ts'
import { isSlow, type Patience, patientMs } from './patience.ts'
import type { Timed } from './timed.ts'
import { findingOf, type Vantage } from './vantage.ts'

/** Who has not answered for so long may be behind a slow line. */
const headStartMs = 300

export type LinesOptions = {
  /** So many connections are waited for at once. */
  readonly atOnce: number
  /** Runs a check from a vantage; undefined: the vantage itself did not answer. */
  readonly ask: (vantage: Vantage, check: ProbeSpec) => Promise<Timed | undefined>
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>
  readonly stop: AbortSignal
}

/** Connections that are waited for longer than any check, by which a slow line is told from silence. */
export class Lines {
  readonly #options: LinesOptions
  readonly #trying = new Set<Promise<void>>()

  constructor(options: LinesOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#trying.size >= this.#options.atOnce
  }

  /**
   * Finds out, beside a check that is not answered soon, whether that may be for a slow line; once for all silent looks that follow.
   * @param answer what comes of the check
   * @param found it is known now
   */
  try(
    { patience }: { readonly patience: Patience },
    vantage: Vantage,
    check: ProbeSpec,
    answer: Promise<Timed | undefined>,
    found: () => void,
  ): void {
    const tried = this.#try(patience, vantage, check, answer, found).finally(() => this.#trying.delete(tried))
    this.#trying.add(tried)
  }

  async idle(): Promise<void> {
    await Promise.all(this.#trying)
  }

  async #try(
    patience: Patience,
    vantage: Vantage,
    check: ProbeSpec,
    answer: Promise<Timed | undefined>,
    found: () => void,
  ): Promise<void> {
    const { ask, wait, stop } = this.#options
    // Silence is no answer, however early a short check gives up.
    const isAnswered = answer.then((verdict) => findingOf(verdict) !== 'no-answer')
    const early = await Promise.race([isAnswered, wait(headStartMs).then(() => false)])
    if (early || stop.aborted) return
    patience.begin(vantage.id)
    const { address, port } = check
    const connecting: ProbeSpec = { kind: 'tcp', address, port, timeoutMs: patientMs }
    patience.end(isSlow(await ask(vantage, connecting), check))
    if (!stop.aborted) found()
  }
}
