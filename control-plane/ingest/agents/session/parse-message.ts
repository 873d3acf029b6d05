import * as z from 'zod/mini'
import { AgentMessage, type Metric, mostMetrics } from '#shared/protocol/messages.ts'
import type { Shedding } from '../../overload.ts'

export type Parsed =
  | { readonly kind: 'message'; readonly message: AgentMessage }
  /** Of a newer agent: to be passed over. */
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'bad'; readonly problem: string }
  /** Passed over, since more comes than can be taken in. */
  | { readonly kind: 'shed' }

const schemas = new Map(AgentMessage.def.options.map((schema) => [schema.shape.type.def.values[0] as string, schema]))

const keepAll: Shedding = { sheds: () => false, shed: () => {} }
const beatStart = '{"type":"beat"'

/**
 * What an agent said. Unknown fields and unknown kinds of messages are no errors; wrong values in known ones are. Under too much load
 * beats are not read, and reports without their metrics: reading them is most of what they cost.
 */
export function parseMessage(text: string, shedding: Shedding = keepAll): Parsed {
  if (text.startsWith(beatStart) && shedding.sheds('beats')) {
    shedding.shed('beats', 1)
    return { kind: 'shed' }
  }
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') {
    return { kind: 'bad', problem: 'expected a JSON object with a type' }
  }
  // The one that its type names, rather than all of them together: reports come by the ten thousand.
  const schema = schemas.get(value.type)
  if (!schema) return { kind: 'unknown', type: value.type.slice(0, 50) }
  if ('metrics' in value && Array.isArray(value.metrics) && shedding.sheds('metrics')) {
    shedding.shed('metrics', value.metrics.length)
    delete value.metrics
  }
  const metrics = 'metrics' in value && isPlain(value.metrics) ? value.metrics : undefined
  if (metrics) delete (value as { metrics?: unknown }).metrics
  const result = z.safeParse(schema, value)
  if (metrics && result.success && result.data.type === 'report') {
    return { kind: 'message', message: { ...result.data, metrics } }
  }
  if (result.success) return { kind: 'message', message: result.data }
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  return { kind: 'bad', problem: `${value.type}: ${problems.join('; ')}` }
}

/**
 * Whether these are metrics and nothing else, seen without the schema: a hundred thousand of them come in seconds, and nearly all are as they
 * should be. What is not goes the long way, which says what is wrong.
 */
function isPlain(metrics: unknown): metrics is Metric[] {
  return Array.isArray(metrics) && metrics.length <= mostMetrics && metrics.every(isPlainMetric)
}

function isPlainMetric(metric: unknown): metric is Metric {
  if (typeof metric !== 'object' || metric === null) return false
  const { instance, name, value, unit, ...more } = metric as Record<string, unknown>
  for (const _ in more) return false
  return (
    (instance === undefined || typeof instance === 'string') &&
    typeof name === 'string' &&
    name.length > 0 &&
    name.length <= 100 &&
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (unit === 'percent' || unit === 'ms' || unit === 'count' || unit === 'bytes')
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
