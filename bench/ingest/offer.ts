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
  /** So long before, the same is offered and not counted: a server that has just started still compiles itself. */
  readonly warmSeconds: number
  /** Called when counting begins. */
  readonly onWarm: () => Promise<unknown>
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
export async function offer({ perSecond, seconds, warmSeconds, onWarm, send }: Offer): Promise<Offered> {
  await offerFor(warmSeconds, perSecond, send)
  await onWarm()
  const { took, total, tookMs } = await offerFor(seconds, perSecond, send)
  return {
    offered: total,
    answered: took.length,
    failed: total - took.length,
    answeredASecond: took.length / (tookMs / 1000),
    p50Ms: percentile(took, 0.5),
    p95Ms: percentile(took, 0.95),
    p99Ms: percentile(took, 0.99),
  }
}

type Took = { readonly took: readonly number[]; readonly total: number; readonly tookMs: number }

function offerFor(seconds: number, perSecond: number, send: Offer['send']): Promise<Took> {
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
      resolve({ took, total, tookMs: lastAt - startedAt })
    }, everyMs)
  })
}

/** The plane's own event-loop lag since it was last asked, P99 in milliseconds; NaN where `url` is no plane. */
export async function lagMs(url: string | undefined): Promise<number> {
  if (url === undefined) return Number.NaN
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^heddle_loop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1000
}
