import type { Health } from '#shared/protocol/check.ts'
import type { Reason } from '#shared/protocol/reason.ts'

/** A state change of an instance that no plane heard when it happened. */
export type PastChange = {
  readonly instance: string
  readonly health: Health
  readonly reason: Reason
  /** When it happened, epoch milliseconds, as far as the agent can tell. */
  readonly at: number
  /** So many changes of this instance just before it, the first of them at `since`, are known by their number only. */
  readonly folded?: { readonly count: number; readonly since: number }
}

/** What an agent told of its past at one time. */
export type PastTold = {
  /** Which log of the agent the numbers are of; empty: it was heard in time, and overtaken before it could be written down. */
  readonly log: string
  /** The highest numbers told with this, of state changes and of measurements; 0: none. */
  readonly edges: number
  readonly samples: number
  /** Oldest first. */
  readonly changes: readonly PastChange[]
  /** What the agent had to give up for want of room: it is known only how much. */
  readonly lostChanges: number
  readonly lostSamples: number
}

/** How far an agent has told its past, and how much came of it, all in all. */
export type ToldSoFar = Omit<PastTold, 'changes'> & { readonly changes: number }

/** How far it is told after `told`. The same: nothing of it is new, or it has no numbers. A log that follows another begins anew. */
export function nextTold(known: ToldSoFar | undefined, told: PastTold): ToldSoFar | undefined {
  if (told.edges === 0 && told.samples === 0) return known
  const { edges, samples } = known?.log === told.log ? known : { edges: 0, samples: 0 }
  if (known?.log === told.log && told.edges <= edges && told.samples <= samples) return known
  return {
    log: told.log,
    edges: Math.max(edges, told.edges),
    samples: Math.max(samples, told.samples),
    changes: (known?.changes ?? 0) + told.changes.length,
    lostChanges: (known?.lostChanges ?? 0) + told.lostChanges,
    lostSamples: (known?.lostSamples ?? 0) + told.lostSamples,
  }
}
