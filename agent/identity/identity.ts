import * as z from 'zod/mini'
import { newNodeId, nodeIdPattern } from '#shared/protocol/identity.ts'

/** Who this node is, as it is kept on disk. */
export const Identity = z.object({
  node: z.string().check(z.regex(nodeIdPattern)),
  machine: z.string().check(z.minLength(1), z.maxLength(128)),
  /** Counts the agent's starts. */
  incarnation: z.int().check(z.gte(1)),
})
export type Identity = z.infer<typeof Identity>

export type Origin = 'known' | 'new' | 'copied'

/**
 * The same in a Pod: who it is follows from its token. Its disk may be new at each start, so its starts are counted by the clock where that is
 * ahead. @param now epoch milliseconds
 */
export function identityInPod(
  kept: Identity | undefined,
  who: Pick<Identity, 'node' | 'machine'>,
  now: number,
): Identity {
  const last = kept?.node === who.node ? kept.incarnation : 0
  return { ...who, incarnation: Math.max(last + 1, Math.floor(now / 1_000)) }
}

/**
 * Who the node is at this start, given what was kept and the machine it is on now. A kept identity of another machine came with a
 * copied disk: the original goes on under it, so this one gets its own.
 */
export function nextIdentity(
  kept: Identity | undefined,
  machine: string,
  newId: () => string = newNodeId,
): { readonly identity: Identity; readonly origin: Origin } {
  if (kept?.machine === machine) {
    return { identity: { ...kept, incarnation: kept.incarnation + 1 }, origin: 'known' }
  }
  return { identity: { node: newId(), machine, incarnation: 1 }, origin: kept ? 'copied' : 'new' }
}
