import type { Counted } from '#shared/protocol/traffic.ts'

type Counts = { requests: number; errors: number; totalMs: number }

/** More routes than a gateway has; what comes beyond was not written by a proxy of ours. */
const mostRoutes = 5_000

/** Requests by route, out of the lines that our proxies write into their access logs. */
export class Tally {
  readonly #routes = new Map<string, Counts>()

  /** Takes one line of the log; what is no line of ours is passed over. */
  add(line: string): void {
    const entry = read(line)
    if (!entry) return
    const { route, status, tookMs } = entry
    let counts = this.#routes.get(route)
    if (!counts) {
      if (this.#routes.size >= mostRoutes) return
      counts = { requests: 0, errors: 0, totalMs: 0 }
      this.#routes.set(route, counts)
    }
    counts.requests += 1
    if (status >= 500) counts.errors += 1
    counts.totalMs += tookMs
  }

  /** What was counted, without taking it away. */
  get routes(): Counted['routes'] {
    return [...this.#routes].map(([route, counts]) => ({ route, ...counts }))
  }

  clear(): void {
    this.#routes.clear()
  }
}

/** Nginx writes numbers as text and seconds, Envoy numbers and milliseconds; `-`, empty and null stand for no route. */
function read(line: string): { readonly route: string; readonly status: number; readonly tookMs: number } | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('status' in value) || !('route' in value)) return undefined
  const status = Number(value.status)
  if (!Number.isInteger(status) || status < 100 || status > 999) return undefined
  const seconds = 'request_s' in value ? Number(value.request_s) : undefined
  const tookMs = seconds === undefined ? ('duration_ms' in value ? Number(value.duration_ms) : 0) : seconds * 1000
  const route = typeof value.route === 'string' && value.route !== '-' ? value.route : ''
  return { route, status, tookMs: Number.isFinite(tookMs) && tookMs > 0 ? tookMs : 0 }
}
