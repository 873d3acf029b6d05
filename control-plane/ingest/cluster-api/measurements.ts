import type { FieldProblem } from './refusal.ts'
import { Refusal } from './refusal.ts'

export const units = ['percent', 'ms', 'count', 'bytes'] as const
export type Unit = (typeof units)[number]

/** One value that a client measured about itself. */
export type Measurement = {
  readonly name: string
  readonly value: number
  readonly unit: Unit
  /** Epoch milliseconds. */
  readonly at: number
  /** JSON. */
  readonly tags: string | undefined
}

/** Values in one request. */
export const mostMeasurements = 1_000
const mostName = 100
const mostTags = 1_000
/** Who is further ahead than this has a clock that cannot be believed. */
const mostAheadMs = 5 * 60_000
const oldestMs = 7 * 24 * 3_600_000

type Fields = Readonly<Record<string, unknown>>

/**
 * What a client measured: rows `{metric_name, metric_value, metric_unit, tags, timestamp}`, one or a list, or values by their names
 * `{cpu_usage: 12.5}`; either may stand under `metrics`. Throws a 400 refusal that names what is wrong.
 * @param now epoch milliseconds
 */
export function readMeasurements(body: unknown, now: number): readonly Measurement[] {
  const reading = new Reading(now)
  const found = reading.read(body, '')
  if (reading.problems.length > 0) throw new Refusal(400, 'the metrics are not valid', reading.problems.slice(0, 50))
  if (found.length > mostMeasurements) {
    throw new Refusal(400, 'there are too many metrics', [
      { field: 'metrics', message: `expected at most ${mostMeasurements} values, got ${found.length}` },
    ])
  }
  return found
}

/** The unit of a value that comes without one. */
export function unitOf(name: string): Unit {
  return name.toLowerCase().includes('usage') ? 'percent' : 'count'
}

/** What stands beside values and is none. */
const besides = new Set(['timestamp', 'tags', 'service_id', 'instance_id', 'service_name', 'node_id', 'id'])

class Reading {
  readonly problems: FieldProblem[] = []
  readonly #now: number

  constructor(now: number) {
    this.#now = now
  }

  read(body: unknown, at: string): readonly Measurement[] {
    if (Array.isArray(body)) return body.flatMap((row, index) => this.#row(row, `${at}[${index}]`))
    if (!isFields(body)) return this.#bad(at || '(body)', 'expected an object or a list of rows')
    if (isRow(body)) return this.#row(body, at)
    if (body.metrics !== undefined) return this.#inner(body.metrics, body, under(at, 'metrics'))
    return this.#named(body, at)
  }

  /** @param around what stands beside it: time and tags for all of them */
  #inner(metrics: unknown, { tags, timestamp }: Fields, at: string): readonly Measurement[] {
    if (Array.isArray(metrics)) return this.read(metrics, at)
    if (!isFields(metrics)) return this.#bad(at, 'expected an object or a list of rows')
    return isRow(metrics) ? this.#row(metrics, at) : this.#named({ tags, timestamp, ...metrics }, at)
  }

  #named(body: Fields, at: string): readonly Measurement[] {
    const values = Object.entries(body).filter(([name]) => !besides.has(name))
    if (values.length === 0) return this.#bad(at || '(body)', 'expected values by their names, or rows')
    const time = this.#time(body.timestamp, under(at, 'timestamp'))
    const tags = this.#tags(body.tags, under(at, 'tags'))
    return values.flatMap(([name, value]) => {
      const number = this.#number(value, under(at, name))
      const isNamed = this.#isName(name, under(at, name))
      return isNamed && number !== undefined ? [{ name, value: number, unit: unitOf(name), at: time, tags }] : []
    })
  }

  #row(row: unknown, at: string): readonly Measurement[] {
    if (!isFields(row)) return this.#bad(at || '(body)', 'expected a row {metric_name, metric_value}')
    const nameKey = keyOf(row, 'name')
    const valueKey = keyOf(row, 'value')
    const unitKey = keyOf(row, 'unit')
    const name = row[nameKey]
    const value = this.#number(row[valueKey], under(at, valueKey))
    const time = this.#time(row.timestamp, under(at, 'timestamp'))
    const tags = this.#tags(row.tags, under(at, 'tags'))
    if (!this.#isName(name, under(at, nameKey)) || value === undefined) return []
    const unit = row[unitKey] ?? unitOf(name)
    if (!isUnit(unit)) return this.#bad(under(at, unitKey), `expected any of ${units.join(', ')}`)
    return [{ name, value, unit, at: time, tags }]
  }

  #isName(name: unknown, field: string): name is string {
    const fits =
      typeof name === 'string' &&
      name.length > 0 &&
      name.length <= mostName &&
      name.isWellFormed() &&
      !/\p{Cc}/u.test(name)
    if (!fits) this.#bad(field.slice(0, 200), `expected a name of 1 to ${mostName} characters`)
    return fits
  }

  #number(value: unknown, field: string): number | undefined {
    const number = typeof value === 'string' && /^\s*[-+]?[\d.]+(e[-+]?\d+)?\s*$/i.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) return number
    this.#bad(field.slice(0, 200), 'expected a finite number')
    return undefined
  }

  /** ISO 8601, or seconds or milliseconds since 1970. A clock that is a little ahead is no fault. */
  #time(value: unknown, field: string): number {
    if (value === undefined || value === null) return this.#now
    const at = timeOf(value)
    if (at === undefined) this.#bad(field, 'expected a time such as "2026-03-01T10:00:00Z"')
    else if (at > this.#now + mostAheadMs) this.#bad(field, 'lies in the future')
    else if (at < this.#now - oldestMs) this.#bad(field, 'is more than 7 days ago')
    return Math.min(at ?? this.#now, this.#now)
  }

  #tags(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null) return undefined
    const text = JSON.stringify(value)
    if (text.length > mostTags) this.#bad(field, `expected at most ${mostTags} characters of JSON`)
    return text
  }

  #bad(field: string, message: string): readonly [] {
    this.problems.push({ field, message })
    return []
  }
}

/** Epoch milliseconds of an ISO 8601 time, or of a number of seconds or milliseconds; undefined: it is none. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)) return timeOf(Number(value))
  if (typeof value === 'number') {
    const at = value < 1e11 ? value * 1000 : value
    return Number.isFinite(at) && at >= 0 && at < 8.64e15 ? Math.round(at) : undefined
  }
  // A time without a zone is in UTC, wherever the plane stands.
  const zoned = typeof value === 'string' && /T[\d:.]+$/.test(value) ? `${value}Z` : value
  const at = typeof zoned === 'string' && /^\d{4}-\d{2}-\d{2}([T ]|$)/.test(zoned) ? Date.parse(zoned) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** A row may leave out `metric_` before its keys. */
function keyOf(row: Fields, key: 'name' | 'value' | 'unit'): string {
  return key in row && !(`metric_${key}` in row) ? key : `metric_${key}`
}

function isRow(body: Fields): boolean {
  return 'metric_name' in body || 'metric_value' in body || (typeof body.name === 'string' && 'value' in body)
}

function isUnit(unit: unknown): unit is Unit {
  return (units as readonly unknown[]).includes(unit)
}

function isFields(body: unknown): body is Fields {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}

function under(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`
}
