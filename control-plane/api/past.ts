import { Failure } from '#shared/failure/failure.ts'
import type { ExplainView } from '#shared/protocol/api.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import type { JournalEntry } from '../fleet/event.ts'
import { Fleet } from '../fleet/fleet.ts'
import type { FleetState } from '../fleet/state.ts'
import type { FleetView } from '../fleet/view.ts'
import { explain } from './explain.ts'
import { Refusal } from './problem.ts'
import { isoTime } from './views.ts'

/** Where the past is. */
export type PastSource = {
  /** The revision before the first entry at or after a time (epoch milliseconds). */
  readonly revisionAt: (time: number) => Promise<number>
  /** The state after a revision. Rejects with NOT_FOUND if that past is no longer kept, or not there yet. */
  readonly stateAt: (revision: number) => Promise<FleetState>
  /** Entries after a revision, oldest first; those that are no longer kept are passed over. */
  readonly read: (after: number, limit: number) => Promise<readonly JournalEntry[]>
  readonly now: () => number
}

/** `at`: epoch milliseconds where it was asked for a time. */
export type Past = { readonly fleet: FleetView; readonly revision: number; readonly at: number | undefined }

/** Replays at once: one. More than this many that wait for it are refused. */
const mostWaiting = 4

/** The fleet as it was. One past is made at a time, and the last one is kept, since people look at it from several sides. */
export class Pasts {
  readonly #source: PastSource
  #last: { readonly revision: number; readonly fleet: FleetView } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(source: PastSource) {
    this.#source = source
  }

  /** @param asked an ISO time or a revision. Rejects with NOT_FOUND where the journal does not reach, STORE_OVERLOADED where too many ask */
  async of(asked: string): Promise<Past> {
    const at = /^\d+$/.test(asked) ? undefined : Date.parse(asked)
    if (at !== undefined && at > this.#source.now()) throw new Refusal(400, `${asked} is yet to come.`)
    if (at !== undefined) await this.#reaches(at)
    // What happened at that very time is part of it.
    const revision = at === undefined ? Number(asked) : await this.#source.revisionAt(at + 1)
    return { fleet: await this.#inTurn(revision), revision, at }
  }

  /** Before the first entry that is kept nobody knows since when it was so. */
  async #reaches(at: number): Promise<void> {
    const [first] = await this.#source.read(0, 1)
    if (!first || first.revision === 1 || at >= first.event.at) return
    throw new Refusal(404, `The journal reaches back to ${isoTime(first.event.at)} only.`, {
      code: 'NOT_FOUND',
      remedy: 'Ask for a later moment; journal.retention says how long the past is kept.',
    })
  }

  async #inTurn(revision: number): Promise<FleetView> {
    if (this.#waiting >= mostWaiting) {
      throw new Failure('STORE_OVERLOADED', 'Others are looking at the past already.', { retryable: true })
    }
    this.#waiting += 1
    const turn = this.#turn.then(() => this.#made(revision))
    this.#turn = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }

  async #made(revision: number): Promise<FleetView> {
    if (this.#last?.revision === revision) return this.#last.fleet
    const state = await this.#source.stateAt(revision).catch(notKept)
    const fleet = new Fleet()
    fleet.restore(state)
    fleet.markComplete()
    this.#last = { revision, fleet }
    return fleet
  }
}

function notKept(error: unknown): never {
  if (!(error instanceof Failure) || error.code !== 'NOT_FOUND') throw error
  throw new Refusal(404, error.message, { code: error.code, remedy: error.remedy })
}

/** Why an instance was routable or not. What sinks showed is not in the journal. */
export function explainPast(id: string, { fleet, revision, at }: Past): ExplainView {
  const view = explain(id, fleet, [], [])
  const when = at === undefined ? `revision ${revision}` : `${isoTime(at)} (revision ${revision})`
  const standing = fleet.standing(id)
  const known = view.known && standing
  const how =
    standing?.routable === 'no'
      ? 'not be routed'
      : standing?.routable === 'last'
        ? 'be routed when nothing better was left'
        : 'be routed'
  return {
    ...view,
    answer: known
      ? `At ${when} ${id} could ${how} (${reasonText(standing.reason)}).`
      : `At ${when} ${id} was not known.`,
    stages: [
      ...view.stages.filter(({ stage }) => !stage.startsWith('sink:')),
      {
        stage: 'past',
        state: 'note',
        text: 'as the journal has it; what routes there were tells heddle history, what sinks showed is not kept',
      },
    ],
  }
}
