import type { ProblemView } from '../protocol/api.ts'

/** A change is told back up to this; who sent more, a whole declaration, has it. */
const mostBytes = 64 * 1024

/** The side of the caller in a conflict. */
export function yoursOf(ifMatch: string, change: unknown): NonNullable<ProblemView['yours']> {
  const small = change !== undefined && Buffer.byteLength(JSON.stringify(change) ?? '') <= mostBytes
  return { if_match: ifMatch, ...(small ? { change } : {}) }
}
