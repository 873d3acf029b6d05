import type { Caller } from './caller.ts'
import type { Operation } from './matrix.ts'

export type Decision = 'yes' | 'unknown' | 'no'

/**
 * Whether a caller may do an operation: the one place that decides it. `unknown`: who it is must be known first. Who is bound to a tenant
 * may do what is not about the whole installation; what is its `own` is answered out of what belongs to it, and nothing else.
 */
export function mayDo(caller: Caller | undefined, operation: Operation): Decision {
  if (operation.needs === 'nothing') return 'yes'
  if (!caller) return 'unknown'
  if (operation.needs !== 'token' && !caller.permissions.includes(operation.needs)) return 'no'
  return caller.tenant === undefined || operation.tenant !== 'none' ? 'yes' : 'no'
}
