import { addTook } from '#shared/protocol/latency.ts'
import type { Counted } from '#shared/protocol/traffic.ts'

type Counts = { requests: number; errors: number; totalMs: number; readonly took: number[] }

/** More routes or services than a gateway has; what comes beyond was not written by a proxy of ours. */
const most = 5_000

/** Requests by route and by service, out of the lines that our proxies write into their access logs. */
export class Tally {
  readonly #routes = new Map<string, Counts>()
  readonly #services = new Map<string, Counts>()

  /** Takes one line of the log; what is no line of ours is passed over. */
  add(line: string): void {
    const entry = read(line)
    if (!entry) return
    const { route, service, status, tookMs } = entry
    add(this.#routes, route, status, tookMs)
    if (service !== '') add(this.#services, service, status, tookMs)
  }

  /** What was counted, without taking it away. */
  get routes(): Counted['routes'] {
    return [...this.#routes].map(([route, counts]) => ({ route, ...counts }))
  }

  get services(): Counted['services'] & object {
    return [...this.#services].map(([service, counts]) => ({ service, ...counts }))
  }

  clear(): void {
    this.#routes.clear()
    this.#services.clear()
  }
}

function add(all: Map<string, Counts>, name: string, status: number, tookMs: number): void {
  let counts = all.get(name)
  if (!counts) {
    if (all.size >= most) return
    counts = { requests: 0, errors: 0, totalMs: 0, took: [] }
    all.set(name, counts)
  }
  counts.requests += 1
  if (status >= 500) counts.errors += 1
  counts.totalMs += tookMs
  addTook(counts.took, tookMs)
}

type Entry = { readonly route: string; readonly service: string; readonly status: number; readonly tookMs: number }

/** Nginx writes numbers as text and seconds, Envoy numbers and milliseconds; `-`, empty and null stand for no route and no service. */
function read(line: string): Entry | undefined {
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
  return {
    route: nameOf(value.route),
    service: 'service' in value ? nameOf(value.service) : '',
    status,
    tookMs: Number.isFinite(tookMs) && tookMs > 0 ? tookMs : 0,
  }
}

function nameOf(value: unknown): string {
  return typeof value === 'string' && value !== '-' ? value : ''
}
