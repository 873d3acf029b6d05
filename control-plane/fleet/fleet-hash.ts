import { createHash } from 'node:crypto'
import type { FleetState } from './state.ts'

/**
 * A hash that is the same for equal fleets, however they came about: by whichever snapshots and entries, in whatever order their beliefs
 * are kept. The revision is not part of it.
 */
export function fleetHash(state: Omit<FleetState, 'revision'>): string {
  const { nodes, instances, foreign, orders = [], settings = [], installation } = state
  const whole = createHash('sha256')
  for (const [name, beliefs] of Object.entries({ nodes, instances, foreign, orders, settings })) {
    whole.update(`${name} ${beliefs.length}\n`)
    for (const each of beliefs.map(digest).sort()) whole.update(each)
  }
  return whole.update(digest(installation)).digest('hex')
}

function digest(belief: unknown): string {
  return createHash('sha256').update(JSON.stringify(belief, inOrder)).digest('hex')
}

/** Keys in order, and maps as objects. What is undefined is left out, as if it was not there. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}
