import * as z from 'zod/mini'
import { AgentMessage } from '#shared/protocol/messages.ts'
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
  const result = z.safeParse(schema, value)
  if (result.success) return { kind: 'message', message: result.data }
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  return { kind: 'bad', problem: `${value.type}: ${problems.join('; ')}` }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
