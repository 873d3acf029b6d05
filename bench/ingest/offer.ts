import { percentile } from '../result.ts'

/** What became of what was offered. Times in milliseconds, from when a request was due (not from when it was sent). */
export type Offered = {
  readonly offered: number
  readonly answered: number
  readonly failed: number
  readonly answeredASecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

export type Offer = {
  readonly perSecond: number
  readonly seconds: number
  /** Sends one; calls `done` once when it was answered, or when it never will be. */
  readonly send: (done: (ok: boolean) => void) => void
}

/** Until when answers to the last ones are waited for. */
const graceMs = 5_000
const everyMs = 2

/**
 * Offers at a fixed rate whether or not answers come, so that a server that stands still meets all that it would have met. Resolves when
 * everything was answered, or a moment after the end.
 */
export function offer({ perSecond, seconds, send }: Offer): Promise<Offered> {
  const took: number[] = []
  const total = Math.round(perSecond * seconds)
  const startedAt = performance.now()
  let sent = 0
  let failed = 0
  let lastAt = startedAt
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      const due = Math.min(total, Math.floor(((now - startedAt) / 1000) * perSecond))
      for (; sent < due; sent += 1) {
        const dueAt = startedAt + (sent / perSecond) * 1000
        send((ok) => {
          lastAt = performance.now()
          if (ok) took.push(lastAt - dueAt)
          else failed += 1
        })
      }
      const ended = took.length + failed === total || now > startedAt + seconds * 1000 + graceMs
      if (sent < total || !ended) return
      clearInterval(timer)
      resolve({
        offered: total,
        answered: took.length,
        failed: total - took.length,
        answeredASecond: took.length / ((lastAt - startedAt) / 1000),
        p50Ms: percentile(took, 0.5),
        p95Ms: percentile(took, 0.95),
        p99Ms: percentile(took, 0.99),
      })
    }, everyMs)
  })
}
