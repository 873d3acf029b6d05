import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { Endpoint, LeftOut } from '../table.ts'
import type { Candidate, Judgement } from './judge.ts'

/** Up to this many changes at once are worked into the order one by one; for more it is made anew. */
const fewChanges = 64

/** The instances of one service, kept in order, so that a change of one costs little however many there are. */
export class Members {
  readonly #known = new Map<string, Member | Reason>()
  /** By address, port, better first, instance; without what is pending. */
  #candidates: Member[] = []
  /** How many candidates are at each address and port, and how many of these places have more than one. */
  readonly #places = new Map<string, number>()
  #crowded = 0
  #pending: { readonly take: Member | undefined; readonly put: Member | undefined }[] = []
  #endpoints: readonly Endpoint[] | undefined

  instances(): Iterable<string> {
    return this.#known.keys()
  }

  /** Takes a judgement; undefined: the instance is no longer of this service. */
  set(instance: string, judgement: Judgement | undefined): void {
    const before = this.#known.get(instance)
    const take = before instanceof Member ? before : undefined
    if (judgement?.kind === 'candidate' && take?.equals(judgement.candidate)) return
    const put = judgement?.kind === 'candidate' ? new Member(judgement.candidate) : undefined
    if (take || put) this.#pending.push({ take, put })
    if (put) this.#known.set(instance, put)
    else if (judgement?.kind === 'left-out') this.#known.set(instance, judgement.reason)
    else this.#known.delete(instance)
  }

  /** What may be called now. The same array until something of it changes. */
  get endpoints(): readonly Endpoint[] {
    this.#settle()
    this.#endpoints ??= chosen(this.#candidates, this.#crowded > 0)
    return this.#endpoints
  }

  /** Why an instance is not among the endpoints; undefined: it is, or it is not of this service. */
  leftOut(instance: string): LeftOut | undefined {
    const known = this.#known.get(instance)
    if (known === undefined) return undefined
    if (!(known instanceof Member)) return { instance, reason: known }
    this.#settle()
    const first = this.#candidates.find((other) => other.samePlace(known))
    if (!first || first === known) return undefined
    return { instance, reason: reason('same_address', { instance: first.candidate.instance }) }
  }

  #settle(): void {
    if (this.#pending.length === 0) return
    if (this.#pending.length > fewChanges) {
      this.#candidates = [...this.#known.values()].filter((known) => known instanceof Member)
      this.#candidates.sort((a, b) => a.compare(b))
      this.#places.clear()
      this.#crowded = 0
      for (const member of this.#candidates) this.#count(member, 1)
    } else {
      for (const { take, put } of this.#pending) {
        if (take) {
          this.#candidates.splice(this.#place(take), 1)
          this.#count(take, -1)
        }
        if (put) {
          this.#candidates.splice(this.#place(put), 0, put)
          this.#count(put, 1)
        }
      }
    }
    this.#pending = []
    this.#endpoints = undefined
  }

  #count({ candidate }: Member, by: 1 | -1): void {
    const place = `${candidate.address} ${candidate.port}`
    const before = this.#places.get(place) ?? 0
    const after = before + by
    if (after === 0) this.#places.delete(place)
    else this.#places.set(place, after)
    if (before > 1 !== after > 1) this.#crowded += by
  }

  /** Where a member is, or belongs. */
  #place(member: Member): number {
    let low = 0
    let high = this.#candidates.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#candidates[middle]
      if (other !== undefined && other.compare(member) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * One for each place; those of lowest priority are so only beside better ones. A last resort comes after what only stands in.
 * @param crowded whether there is a place with more than one
 */
function chosen(candidates: readonly Member[], crowded: boolean): readonly Endpoint[] {
  const firsts = crowded ? candidates.filter((member, index) => !candidates[index - 1]?.samePlace(member)) : candidates
  const best = firsts.reduce((least, { candidate }) => Math.min(least, rankOf(candidate)), Number.POSITIVE_INFINITY)
  return firsts.map((member) => member.endpoint(rankOf(member.candidate) > best ? 1 : 0))
}

/** 0 is the best. */
function rankOf({ last, standsIn }: Candidate): number {
  return (last ? 2 : 0) + (standsIn ? 1 : 0)
}

class Member {
  readonly candidate: Candidate
  // The same object for the same endpoint, so that what is made of it need not be made again.
  readonly #endpoints: [Endpoint?, Endpoint?] = []

  constructor(candidate: Candidate) {
    this.candidate = candidate
  }

  endpoint(priority: 0 | 1): Endpoint {
    const { instance, address, port, weight, site } = this.candidate
    this.#endpoints[priority] ??= { instance, address, port, weight, priority, site }
    return this.#endpoints[priority]
  }

  samePlace({ candidate }: Member): boolean {
    return this.candidate.port === candidate.port && this.candidate.address === candidate.address
  }

  equals(other: Candidate): boolean {
    const { instance, address, port, weight, site } = this.candidate
    return (
      instance === other.instance &&
      address === other.address &&
      port === other.port &&
      weight === other.weight &&
      site === other.site &&
      rankOf(this.candidate) === rankOf(other)
    )
  }

  compare({ candidate: b }: Member): number {
    const a = this.candidate
    if (a.address !== b.address) return a.address < b.address ? -1 : 1
    if (a.port !== b.port) return a.port - b.port
    if (rankOf(a) !== rankOf(b)) return rankOf(a) - rankOf(b)
    return a.instance === b.instance ? 0 : a.instance < b.instance ? -1 : 1
  }
}
