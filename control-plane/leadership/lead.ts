import { Failure } from '#shared/failure/failure.ts'
import type { LeadershipKeeper, Term } from './keep-leadership.ts'

/** A plane that leads, for people. */
export type Leader = { readonly run: string; readonly holder: string; readonly epoch: number }

/** Whether this plane leads, as its parts need to know it. */
export type Lead = {
  /** Whether it may act as the leader at this moment. */
  readonly leads: () => boolean
  /** The term that the store checks before a leader's work; undefined: nobody else can lead. Throws LEADERSHIP_LOST if this plane does not. */
  readonly term: () => Term | undefined
  /** Of its leadership; undefined: it does not lead. */
  readonly epoch: () => number | undefined
  /** Who leads, as far as was heard; undefined: nobody, or nothing was heard yet. */
  readonly leader: () => Leader | undefined
  /** Calls `listener` when the leadership of this plane begins, ends or becomes another one, or another plane leads. Returns how to stop. */
  readonly onChange: (listener: () => void) => () => void
  /** Whether this process has seen another one lead here, and renew it: that one can write nothing here any more, nor to any Consul. */
  readonly hasSeenLead: (run: string) => boolean
  /** Has the next leadership, ours too, get a greater epoch than one that somebody else remembers; undefined: epochs do not count here. */
  readonly raiseAbove: ((epoch: number) => void) | undefined
}

/** Of a plane that shares its store with nobody. */
export function leadAlone(run: string, holder: string): Lead {
  return {
    leads: () => true,
    term: () => undefined,
    epoch: () => 1,
    leader: () => ({ run, holder, epoch: 1 }),
    onChange: () => () => {},
    hasSeenLead: () => false,
    raiseAbove: undefined,
  }
}

export function leadOf(keeper: LeadershipKeeper): Lead {
  return {
    leads: () => keeper.term() !== undefined,
    term() {
      const term = keeper.term()
      if (!term) throw new Failure('LEADERSHIP_LOST', 'This plane does not lead now.', { retryable: true })
      return term
    },
    epoch: () => keeper.term()?.epoch,
    leader: () => {
      const { run, holder, epoch } = keeper.leader() ?? { run: '', holder: '', epoch: 0 }
      return run === '' ? undefined : { run, holder, epoch }
    },
    onChange: keeper.onChange,
    hasSeenLead: keeper.hasSeenLead,
    raiseAbove: keeper.raiseAbove,
  }
}
