import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type Answer, isRenewed, type Lease, leads, leaseAfter, nextClaimMs } from './lease.ts'

/** The row that decides; main hands it over. */
export type LeadershipRow = {
  claimLeadership(claim: {
    readonly run: string
    readonly holder: string
    readonly forMs: number
    readonly above: number
  }): Promise<Answer>
  resignLeadership(run: string): Promise<void>
  leadership(): Promise<Answer>
}

export type LeadershipParts = {
  readonly row: LeadershipRow
  /** Random for each process. */
  readonly run: string
  /** For people: which plane this is. */
  readonly holder: string
  readonly log: Logger
  /** Whether it may begin to lead now; else it only looks who does. What it leads it renews. Left out: always. */
  readonly mayClaim?: () => boolean
  readonly pace?: LeadershipPace
}

export type LeadershipPace = {
  readonly renewEveryMs: number
  readonly forMs: number
}

export type Term = { readonly run: string; readonly epoch: number }

export type Standing = {
  /** Undefined: we do not lead. */
  readonly term: Term | undefined
  /** Who leads, as far as was heard: it may be ourselves, by a word that is too old to rely on. */
  readonly leader: Answer | undefined
}

const usualPace: LeadershipPace = { renewEveryMs: 1_000, forMs: 4_000 }
/** Of those that were seen to lead, so many are remembered. */
const mostSeen = 100
const decidedLookMs = 5
/** Somebody else is to lead on: that is looked at no more often, also where nobody leads yet. */
const lookAgainMs = 200

/**
 * Claims the leadership again and again, whoever has it, until disposed of; then it is given up. It ends for us when another one has it,
 * and when it could not be renewed in time by our own clock: nothing has to reach us for that.
 */
export class LeadershipKeeper implements AsyncDisposable {
  readonly #parts: LeadershipParts
  readonly #pace: LeadershipPace
  readonly #closing = new AbortController()
  readonly #listeners = new Set<(standing: Standing) => void>()
  readonly #rounds: Promise<unknown>
  readonly #wake = new Wake()
  readonly #seen = new Set<string>()
  #lease: Lease | undefined
  #told: Term | undefined
  #answer: Answer | undefined
  #answeredAt = 0
  #above = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: LeadershipParts) {
    this.#parts = parts
    this.#pace = parts.pace ?? usualPace
    this.#rounds = this.#claimInRounds()
  }

  /** The leadership that is ours at this very moment. */
  readonly term = (): Term | undefined => {
    const { run } = this.#parts
    return leads(this.#lease, performance.now()) ? { run, epoch: this.#lease.epoch } : undefined
  }

  /** Who leads, as far as was heard; undefined: nothing was heard yet. */
  readonly leader = (): Answer | undefined => this.#answer

  /** Whether another one was seen to lead, and to renew it, since this process runs. */
  readonly hasSeenLead = (run: string): boolean => this.#seen.has(run)

  /** Leads on, if it is ours, with an epoch above this one: somebody remembers it, and the store does not. */
  readonly raiseAbove = (epoch: number): void => {
    if (epoch <= this.#above) return
    this.#above = epoch
    this.#wake.ring()
  }

  /** Calls `listener` whenever our leadership begins or ends, or another one begins to lead. Returns how to stop. */
  readonly onChange = (listener: (standing: Standing) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when it was heard who leads, or after `withinMs`. */
  async decided(withinMs: number, stop: AbortSignal): Promise<void> {
    const deadline = performance.now() + withinMs
    while (!this.#answer && performance.now() < deadline && !stop.aborted) await pause(decidedLookMs, stop)
  }

  /** Resolves with our term as soon as we lead, or with undefined if `stop` is signalled before. */
  async leading(stop: AbortSignal): Promise<Term | undefined> {
    while (!stop.aborted) {
      const term = this.term()
      if (term) return term
      await new Promise<void>((resolve) => {
        const done = () => {
          stopHearing()
          stop.removeEventListener('abort', done)
          resolve()
        }
        const stopHearing = this.onChange(done)
        stop.addEventListener('abort', done, { once: true })
      })
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#rounds
    const had = this.#lease
    this.#lose()
    // Whoever waits need not wait for the end of it.
    if (had) await this.#parts.row.resignLeadership(this.#parts.run).catch(() => {})
  }

  async #claimInRounds(): Promise<void> {
    const { renewEveryMs } = this.#pace
    const { signal } = this.#closing
    while (!signal.aborted) {
      let waitMs = renewEveryMs / 4
      try {
        const claimed = await this.#claim()
        waitMs = nextClaimMs(this.#answer, { run: this.#parts.run, everyMs: renewEveryMs })
        if (!claimed) waitMs = Math.max(waitMs, Math.min(lookAgainMs, renewEveryMs))
      } catch (err) {
        if (!signal.aborted) this.#parts.log.debug({ err }, 'the leadership could not be claimed')
      }
      await this.#wake.next(waitMs, signal)
    }
  }

  /** Resolves with whether it was claimed; else it was only looked at. */
  async #claim(): Promise<boolean> {
    const { row, run, holder, mayClaim } = this.#parts
    const { forMs } = this.#pace
    const above = this.#above
    const claims = this.term() !== undefined || (mayClaim?.() ?? true)
    if (this.#lease && this.#lease.epoch <= above) {
      this.#lose()
      await row.resignLeadership(run)
    }
    const askedAt = performance.now()
    const answer = await Promise.race([
      claims ? row.claimLeadership({ run, holder, forMs, above }) : row.leadership(),
      // What takes longer than the lease lasts is of no use, and must not keep the next one waiting.
      pause(forMs, this.#closing.signal).then(() => Promise.reject(new Error(`no answer within ${forMs} ms`))),
    ])
    const before = this.#answer
    if (before && answer.run !== run && isRenewed(before, answer, askedAt - this.#answeredAt)) this.#saw(answer.run)
    this.#answer = answer
    this.#answeredAt = performance.now()
    // What is only looked at is not prolonged.
    if (claims) this.#lease = leaseAfter(answer, { run, forMs }, askedAt)
    this.#look(before && (before.run !== answer.run || before.epoch !== answer.epoch))
    return claims
  }

  #saw(run: string): void {
    this.#seen.delete(run)
    this.#seen.add(run)
    const [oldest] = this.#seen
    if (this.#seen.size > mostSeen && oldest !== undefined) this.#seen.delete(oldest)
  }

  #lose(): void {
    this.#lease = undefined
    this.#look()
  }

  /** Tells of what has changed, and looks again when the lease ends. */
  #look(isOther = false): void {
    clearTimeout(this.#timer)
    const { log } = this.#parts
    const term = this.term()
    if (term && this.#lease) {
      this.#timer = setTimeout(() => this.#look(), Math.max(1, this.#lease.until - performance.now()))
    }
    const before = this.#told
    this.#told = term
    const leader = this.#answer
    if (term && term.epoch !== before?.epoch) log.info({ epoch: term.epoch, run: term.run }, 'this plane leads')
    if (!term && before) log.warn({ epoch: before.epoch }, 'this plane does not lead any more')
    if (!term && isOther) log.info({ leader: leader?.holder, epoch: leader?.epoch }, 'another plane leads')
    if (term?.epoch === before?.epoch && !isOther) return
    for (const listener of [...this.#listeners]) listener({ term, leader })
  }
}
