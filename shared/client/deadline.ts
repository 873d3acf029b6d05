/** Tells the instance how many milliseconds of the whole call are left: ages, since clocks differ. */
export const deadlineHeader = 'x-request-timeout-ms'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * What is left of the time of a request that came in, so that calls made for it do not outlive it. undefined: its caller said nothing.
 * @param elapsedMs since it came in
 */
export function leftOf(headers: Headers, elapsedMs: number): number | undefined {
  const said = headers[deadlineHeader]
  if (typeof said !== 'string' || !/^\d{1,10}$/.test(said)) return undefined
  return Math.max(0, Number(said) - elapsedMs)
}

/** The time of one call: over by itself, or when its caller gives it up. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal
  readonly #endsAt: number
  readonly #over = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#endsAt = performance.now() + ms
    this.#timer = setTimeout(() => this.#over.abort(), ms)
    this.signal = caller === undefined ? this.#over.signal : AbortSignal.any([this.#over.signal, caller])
  }

  /** Its own time is over. */
  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** Milliseconds, whole, at least 1. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#endsAt - performance.now()))
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
