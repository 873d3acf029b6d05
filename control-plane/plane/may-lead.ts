import { pause } from '#shared/lifecycle/repeat.ts'
import type { Replicas } from '../replicas/keep-replicas.ts'

type Others = Pick<Replicas, 'others' | 'lookedAgoMs'>

const lookMs = 5

/**
 * Whether a plane may begin to lead: while it still loads it leaves that to another one that serves.
 * @param serves it is loaded, and answers
 */
export function mayLead(serves: boolean, replicas: Others): boolean {
  return serves || (isLooked(replicas) && !replicas.others().some(({ state }) => state === 'serving'))
}

/** Resolves when it was seen who else there is, or after `withinMs`. */
export async function othersSeen(replicas: Others, withinMs: number, stop: AbortSignal): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!isLooked(replicas) && performance.now() < deadline && !stop.aborted) await pause(lookMs, stop)
}

function isLooked({ lookedAgoMs }: Others): boolean {
  return Number.isFinite(lookedAgoMs)
}
