import { addTook } from '#shared/protocol/latency.ts'
import type { Counter } from '#shared/protocol/traffic.ts'

type Sum = { requests: number; errors: number; totalMs: number; took: number[] }
export type CounterKind = 'routes' | 'services' | 'listeners'

const kinds = { vhost: 'routes', cluster: 'services', http: 'listeners' } as const
/** No name of ours is longer, and none that is would be taken. */
const mostName = 2_000
const named = /^(vhost|cluster|http)\.(.+)\.(?:upstream|downstream)_rq_(completed|5xx|time)$/

/** Which statistics of an Envoy are asked for: as Envoy says it, a regular expression over their names. */
export const statsFilter =
  '^(vhost|cluster)\\..*\\.upstream_rq_(completed|5xx|time)$|^http\\..*\\.downstream_rq_(completed|5xx)$|^server\\.uptime$'

/**
 * What an Envoy has counted since it was started, out of the lines of its `/stats` (text, with detailed buckets). Requests are those with an
 * answer, whatever was tried again for them.
 */
export class EnvoyCounters {
  readonly #kinds = {
    routes: new Map<string, Sum>(),
    services: new Map<string, Sum>(),
    listeners: new Map<string, Sum>(),
  }
  /** The distribution whose buckets come next. */
  #timed: Sum | undefined
  /** In whole seconds, as Envoy last noted it; undefined: it was not said. */
  uptime: number | undefined

  add(line: string): void {
    if (line.startsWith(' ')) {
      const [, buckets] = /^ +totals=(.*)$/.exec(line) ?? []
      if (buckets !== undefined && this.#timed) readBuckets(buckets, this.#timed)
      return
    }
    this.#timed = undefined
    const colon = line.lastIndexOf(':')
    const [name, value] = [line.slice(0, colon), Number(line.slice(colon + 1))]
    // Less than nothing, or beyond all numbers: it is no Envoy that counts so, and the plane would end the session that tells it.
    if (!isAmount(value)) return
    if (name === 'server.uptime') this.uptime = value
    const [, kind = '', of = '', what] = named.exec(name) ?? []
    if (what === undefined || of === 'admin' || of.length > mostName) return
    const sums = this.#kinds[kinds[kind as keyof typeof kinds]]
    const sum = sums.getOrInsertComputed(of, () => ({ requests: 0, errors: 0, totalMs: 0, took: [] }))
    if (what === 'completed') sum.requests = value
    else if (what === '5xx') sum.errors = value
    else this.#timed = sum
  }

  /** By name, without parts of a cluster's counters that are in the whole already. */
  of(kind: CounterKind): readonly Counter[] {
    const all = this.#kinds[kind]
    const counters = [...all].map(([name, sum]) => ({ name, ...sum }))
    return kind === 'services' ? counters.filter(({ name }) => !isPart(name, all)) : counters
  }
}

/** Envoy counts a cluster's requests again by where they came from, and once more what it tried again. */
function isPart(name: string, all: { has(name: string): boolean }): boolean {
  const [, whole] = /^(.+)\.(?:internal|external|canary|retry)$/.exec(name) ?? []
  return whole !== undefined && all.has(whole)
}

/** `1,0.1:3, 18,1:2`: from 1 ms on, 0.1 ms wide, 3 answers; and so on. */
function readBuckets(text: string, sum: Sum): void {
  for (const bucket of text.split(', ')) {
    const [, from, width, count] = /^([\d.e+-]+),([\d.e+-]+):(\d+)$/.exec(bucket) ?? []
    // Whole milliseconds are what Envoy measures.
    const middle = Number(width) > 1 ? Number(from) + Number(width) / 2 : Number(from)
    const together = sum.totalMs + middle * Number(count)
    if (![middle, Number(count), together].every(isAmount)) continue
    addTook(sum.took, Number(from), Number(count))
    sum.totalMs = together
  }
}

function isAmount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
