import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { Timed } from './timed.ts'
import { findingOf } from './vantage.ts'

/** More than a line takes that needs 2 s each way. */
export const patientMs = 5_000
/** A check needs up to so many ways there and back: the connection, that of TLS, the answer. */
const mostWays = 4

/** unknown: it is still being found out; slow: what is silent may only not have been waited for. */
export type LineKind = 'unknown' | 'good' | 'slow'

/** Whether silence may be that of a slow line: found out once for several looks, by connections that are waited for longer than any check. */
export class Patience {
  readonly #tried = new Set<string>()
  #waiting = 0
  #slow = false

  /** Whether the line of this vantage was tried, or is being tried. */
  hasTried(vantage: string): boolean {
    return this.#tried.has(vantage)
  }

  /** Whether any line was tried. */
  get hasBegun(): boolean {
    return this.#tried.size > 0
  }

  /** @param vantage who waits for a connection */
  begin(vantage: string): void {
    this.#tried.add(vantage)
    this.#waiting += 1
  }

  /** @param slow what `isSlow` says of what came of it */
  end(slow: boolean): void {
    this.#waiting -= 1
    this.#slow ||= slow
  }

  get line(): LineKind {
    if (this.#slow) return 'slow'
    return this.#waiting > 0 ? 'unknown' : 'good'
  }
}

/**
 * Whether a check that was not answered in its time may have been too quick. A connection that is made, but so slowly that the check had no
 * chance, says that something lives there; who could not try says nothing, so that is not ruled out.
 * @param connected what came of a patient connection; undefined: the vantage was not heard
 */
export function isSlow(
  connected: Timed | undefined,
  { kind, timeoutMs }: Pick<ProbeSpec, 'kind' | 'timeoutMs'>,
): boolean {
  switch (findingOf(connected)) {
    case 'no-answer':
    // Its port is closed by now, which is no sign of life.
    case 'refused':
      return false
    case 'passed':
      // To accept a connection is all that a tcp check asks. Any other would have been answered over a line as quick as that: it hangs.
      return kind === 'tcp' || (connected?.tookMs ?? patientMs) * mostWays >= timeoutMs
    case 'other':
    case 'unanswered':
      return true
  }
}
