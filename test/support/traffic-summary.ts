/** How one request ended. `at` is when it was sent, in milliseconds of `performance.now()`. */
export type Outcome = { readonly at: number; readonly tookMs: number } & (
  | { readonly kind: 'answered'; readonly status: number; readonly instance: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string }
)

type Answer = Extract<Outcome, { readonly kind: 'answered' }>

export type Latencies = { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }

export type Summary = {
  readonly sent: number
  /** Answers by status code. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests without an answer, by reason: a system's error code, or `timeout`. */
  readonly failures: Readonly<Record<string, number>>
  /** Requests that a user would complain about: no answer, or one of 500 and above. */
  readonly failed: number
  /** Answers by the `instance` that their JSON names. */
  readonly instances: Readonly<Record<string, number>>
  /** When the last request was sent that each instance answered, in milliseconds of `performance.now()`. */
  readonly lastSentAt: Readonly<Record<string, number>>
  /** Of all answers, in milliseconds. */
  readonly latencyMs: Latencies
  /** The first failed ones, at most 20. */
  readonly examples: readonly Outcome[]
}

const bounds = { examples: 20, latencies: 1_000_000 }

/** Counts outcomes as they come; what it keeps is bounded. */
export class Tally {
  #sent = 0
  #failed = 0
  readonly #statuses = new Map<string, number>()
  readonly #failures = new Map<string, number>()
  readonly #instances = new Map<string, number>()
  readonly #lastSentAt = new Map<string, number>()
  readonly #latencies: number[] = []
  readonly #examples: Outcome[] = []

  add(outcome: Outcome): void {
    this.#sent += 1
    if (outcome.kind === 'failed' || outcome.status >= 500) {
      this.#failed += 1
      if (this.#examples.length < bounds.examples) this.#examples.push(outcome)
    }
    if (outcome.kind === 'failed') increment(this.#failures, outcome.reason)
    else this.#addAnswer(outcome)
  }

  #addAnswer({ at, tookMs, status, instance }: Answer): void {
    increment(this.#statuses, String(status))
    if (this.#latencies.length < bounds.latencies) this.#latencies.push(tookMs)
    if (instance === undefined) return
    increment(this.#instances, instance)
    this.#lastSentAt.set(instance, Math.max(at, this.#lastSentAt.get(instance) ?? 0))
  }

  summary(): Summary {
    return {
      sent: this.#sent,
      statuses: Object.fromEntries(this.#statuses),
      failures: Object.fromEntries(this.#failures),
      failed: this.#failed,
      instances: Object.fromEntries(this.#instances),
      lastSentAt: Object.fromEntries(this.#lastSentAt),
      latencyMs: latenciesOf(this.#latencies),
      examples: [...this.#examples],
    }
  }
}

/** Percentiles by nearest rank: each is a value that was measured. Zeros if nothing was. */
export function latenciesOf(values: readonly number[]): Latencies {
  const sorted = Float64Array.from(values).sort()
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
