import { catalogue } from '#shared/failure/catalogue.ts'
import type { Answered } from '../identity/enrol.ts'
import { Refusal } from './problem.ts'

const minuteMs = 60_000
/** Addresses whose refusals are counted. */
const mostAddresses = 10_000

/** Bounds enrolments and renewals: so many under way, and so many refused in a minute for each address. */
export class Attempts {
  readonly #atOnce: number
  readonly #refusedPerMinute: number
  readonly #now: () => number
  readonly #refused = new Map<string, { readonly since: number; count: number }>()
  #underway = 0

  /** @param now milliseconds of a monotonic clock */
  constructor(atOnce: number, refusedPerMinute: number, now: () => number = () => performance.now()) {
    this.#atOnce = atOnce
    this.#refusedPerMinute = refusedPerMinute
    this.#now = now
  }

  /** Rejects with a refusal (503, 429) without trying where there are too many. */
  async make(from: string, attempt: () => Promise<Answered>): Promise<Answered> {
    const refused = this.#refusedOf(from)
    if (refused.count >= this.#refusedPerMinute) throw crowded(429, `${from} was refused too often within a minute`)
    if (this.#underway >= this.#atOnce) throw crowded(503, `${this.#underway} are under way already`)
    this.#underway += 1
    try {
      const answered = await attempt()
      if (answered.kind === 'refused') refused.count += 1
      return answered
    } finally {
      this.#underway -= 1
    }
  }

  #refusedOf(from: string) {
    const now = this.#now()
    const known = this.#refused.get(from)
    if (known && now - known.since < minuteMs) return known
    const fresh = { since: now, count: 0 }
    this.#refused.delete(from)
    this.#refused.set(from, fresh)
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > mostAddresses && oldest !== undefined) this.#refused.delete(oldest)
    return fresh
  }
}

function crowded(status: 429 | 503, why: string): Refusal {
  return new Refusal(status, `No more nodes are looked at now: ${why}.`, {
    code: 'ENROLMENT_CROWDED',
    remedy: catalogue.ENROLMENT_CROWDED.remedy,
  })
}
