import { pause } from '#shared/lifecycle/repeat.ts'
import type { Conversation } from './conversation.ts'

/** Agents asked in one go; what they cost the other planes is spread. */
const askedAtOnce = 100
const askEveryMs = 50
const lookEveryMs = 20

/** What became of the agents of a plane that leaves. */
export type HandedOver = {
  /** Agents that another plane has now. */
  readonly gone: number
  /** Agents that could not be asked, or found no other plane in time. */
  readonly left: number
}

/**
 * Asks all agents to go to another plane, some after the other, and waits until they have: each keeps its session here until another
 * plane has welcomed it. Agents that cannot be asked, or say that they found none, are not waited for.
 * @param speakers the conversations that speak for a node now; one that has moved is no longer among them
 */
export async function handOver(
  speakers: ReadonlyMap<string, Conversation>,
  withinMs: number,
  stop: AbortSignal,
): Promise<HandedOver> {
  const deadline = performance.now() + withinMs
  const all = [...speakers.values()]
  const asked = new Set<Conversation>()
  for (let from = 0; from < all.length && performance.now() < deadline; from += askedAtOnce) {
    for (const each of all.slice(from, from + askedAtOnce)) if (each.askToMove('leaving')) asked.add(each)
    if (from + askedAtOnce < all.length) await pause(askEveryMs, stop)
  }
  const here = () => [...speakers.values()]
  while (here().some((each) => asked.has(each) && !each.stays) && performance.now() < deadline && !stop.aborted) {
    await pause(lookEveryMs, stop)
  }
  const left = here().length
  return { gone: Math.max(0, all.length - left), left }
}
