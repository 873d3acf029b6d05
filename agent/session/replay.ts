import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { History, PastEdge, PastSample } from '#shared/protocol/messages.ts'
import { ageMs, type Moment } from '../buffer/moment.ts'
import type { Backlog, Untold } from '../buffer/open-backlog.ts'
import type { Edge, Sample } from '../buffer/record.ts'
import type { Channel } from './channel.ts'
import type { ReplayPace } from './pace.ts'

/** How often it is looked whether something has become history within a session. */
const lookEveryMs = 1_000

/** Tells in one session what no plane was told, oldest first, beside the live reports and slower than they. */
export class Replay {
  readonly #channel: Channel
  readonly #backlog: Backlog
  readonly #pace: ReplayPace
  readonly #answered = new Wake()
  #batch = 0
  #taken = 0

  constructor(channel: Channel, backlog: Backlog, pace: ReplayPace) {
    this.#channel = channel
    this.#backlog = backlog
    this.#pace = pace
  }

  /** The plane has a batch on disk. */
  taken(batch: number): void {
    this.#taken = batch
    this.#answered.ring()
  }

  /** Runs until `stop`. To be started once the plane has been told what is. @param random a number in [0, 1) */
  async run(stop: AbortSignal, random = Math.random()): Promise<void> {
    const { startWithinMs, everyMs } = this.#pace
    await pause(random * startWithinMs, stop)
    while (!stop.aborted) {
      const told = this.#backlog.hasNews && (await this.#tellNext(stop))
      await pause(told ? everyMs : Math.max(everyMs, lookEveryMs), stop)
    }
  }

  async #tellNext(stop: AbortSignal): Promise<boolean> {
    const untold = await this.#backlog.untold(this.#pace.mostBytes)
    if (untold === undefined || stop.aborted) return false
    this.#batch += 1
    const numbers = untold.records.map(({ n }) => n)
    this.#channel.send(historyOf(untold, this.#batch, this.#backlog.now))
    if (!(await this.#isTaken(this.#batch, stop))) return false
    this.#backlog.acknowledge(untold.kind, numbers)
    return true
  }

  async #isTaken(batch: number, stop: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + this.#pace.answerWithinMs
    // An answer that comes too late is about a batch that was told again.
    while (this.#taken !== batch && !stop.aborted && performance.now() < deadline) {
      await this.#answered.next(deadline - performance.now(), stop)
    }
    return this.#taken === batch
  }
}

function historyOf(untold: Untold, batch: number, now: Moment): History {
  const { log } = untold
  const begin = { type: 'history', batch, log } as const
  return untold.kind === 'edges'
    ? { ...begin, edges: untold.records.map((edge) => pastEdge(edge, now)) }
    : { ...begin, samples: untold.records.map((sample) => pastSample(sample, now)) }
}

function pastEdge({ n, id, verdict, at, folded, lost }: Edge, now: Moment): PastEdge {
  return {
    n,
    id,
    health: verdict.health,
    reason: verdict.reason,
    ageMs: ageMs(at, now),
    ...(folded ? { folded: { count: folded.count, sinceMs: ageMs(folded.since, now) } } : {}),
    ...(lost ? { lost } : {}),
  }
}

function pastSample({ n, at, metrics, lost }: Sample, now: Moment): PastSample {
  return { n, ageMs: ageMs(at, now), metrics: [...metrics], ...(lost ? { lost } : {}) }
}
