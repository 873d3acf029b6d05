import type { Metric } from '#shared/protocol/messages.ts'
import type { Label, Sample } from './sample.ts'
import { measureOf } from './unit.ts'

/** A number of a page as it is told on. */
export type Series = {
  /** Its name with its labels: `queue_length{queue=mail}`. */
  readonly key: string
  /** Among those of its page: what is wanted more comes first, then what has no labels, then by name. */
  readonly order: string
  /** A counter is told as its rate a second, everything else as it is. */
  readonly isCounter: boolean
  readonly unit: Metric['unit']
  readonly factor: number
  /** As the page has it. */
  readonly value: number
}

const mostKeyLength = 100

/** What a sample becomes; undefined if its name is too long. */
export function seriesOf(sample: Sample, rank: number): Series | undefined {
  const { type, value } = sample
  const isCounter = isCounting(sample)
  const labels = sample.labels.filter(([name]) => !(type === 'summary' && name === 'quantile'))
  const measure = measureOf(sample.name)
  const { unit, factor } = measure
  const key = keyOf(nameOf(sample, measure.name, isCounter), labels)
  if (key.length > mostKeyLength) return undefined
  return { key, order: `${pad(rank)} ${labels.length > 0 ? 1 : 0} ${key}`, isCounter, unit, factor, value }
}

/** Whether a sample is one by itself: the parts of a histogram and the sum of a summary say nothing alone. */
export function isAlone({ name, type }: Sample): boolean {
  return !((type === 'histogram' && !name.endsWith('_count')) || (type === 'summary' && name.endsWith('_sum')))
}

/** Names that the agent gives to what it measures itself. */
export function isReserved(key: string): boolean {
  return /^(check_duration(\{.*)?|host_(cpu_usage|memory_usage|disk_usage|load|bytes_in|bytes_out|files)|process_(cpu_usage|memory|files|threads|restarts)|service_(requests|errors|latency_p95))$/.test(
    key,
  )
}

function isCounting({ name, type }: Sample): boolean {
  return type === 'counter' || ((type === 'histogram' || type === 'summary') && name.endsWith('_count'))
}

function nameOf({ type, labels }: Sample, converted: string, isCounter: boolean): string {
  if (isCounter) return `${converted.replace(/[_.](total|count)$/, '')}_rate`
  const quantile = type === 'summary' ? labels.find(([label]) => label === 'quantile')?.[1] : undefined
  const share = Number(quantile)
  if (quantile === undefined || !(share >= 0 && share <= 1)) return converted
  return `${converted}_p${Number((share * 100).toFixed(3))}`
}

function keyOf(name: string, labels: readonly Label[]): string {
  const base = name.replace(/[^\p{L}\p{N}_:./-]+/gu, '_')
  if (labels.length === 0) return base
  const parts = labels.map(([label, text]) => `${clean(label)}=${clean(text)}`).sort()
  return `${base}{${parts.join(',')}}`
}

function clean(text: string): string {
  return text.slice(0, mostKeyLength + 1).replace(/[\p{C}\s{},=]+/gu, '_')
}

function pad(rank: number): string {
  return String(rank).padStart(3, '0')
}
