import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { Endpoint, LeftOut } from '../table.ts'
import type { Judgement } from './judge.ts'
import { type Level, levelOf, type Nearness, type Place, type Serving, turnedTo } from './locality.ts'
import { Member, rankOf } from './member.ts'

/** Who is left out, and as whom it would be called in panic. */
type Out = Extract<Judgement, { kind: 'left-out' }> & { readonly member: Member | undefined }

/** Up to this many changes at once are worked into the order one by one; for more it is made anew. */
const fewChanges = 64

/** The instances of one service, kept in order, so that a change of one costs little however many there are. */
export class Members {
  readonly #known = new Map<string, Member | Out>()
  /** By address, port, better first, instance; without what is pending. */
  #candidates: Member[] = []
  /** How many candidates are at each address and port, and how many of these places have more than one. */
  readonly #places = new Map<string, number>()
  #crowded = 0
  #pending: { readonly take: Member | undefined; readonly put: Member | undefined }[] = []
  #endpoints: readonly Endpoint[] | undefined
  #changes = 0
  readonly #panicPercent: number
  /** All that may be called in panic; undefined: there is none, or it is to be looked at again. */
  #inPanic: { readonly changes: number; readonly members: readonly Member[] | undefined } | undefined

  /** @param panicPercent with fewer callable than this, those are called too that nothing but their checks condemn; 0: never */
  constructor(panicPercent = 0) {
    this.#panicPercent = panicPercent
  }

  /** Rises with whatever may make another difference than the reason why an instance is left out. */
  get changes(): number {
    return this.#changes
  }

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
    const out = judgement?.kind === 'left-out' ? withMember(judgement, before) : undefined
    if (take || put || failedAt(before) || out?.failedAt) {
      this.#changes += 1
      if (this.#panicPercent > 0) this.#endpoints = undefined
    }
    if (put) this.#known.set(instance, put)
    else if (out) this.#known.set(instance, out)
    else this.#known.delete(instance)
  }

  /** What may be called now. The same array until something of it changes. */
  get endpoints(): readonly Endpoint[] {
    this.#settle()
    this.#endpoints ??= this.#panic() ? chosenInPanic(this.#called()) : chosen(this.#called())
    return this.#endpoints
  }

  /** Why an instance would not be called if there were more; undefined: it is called as usual, or not at all. */
  calledInPanic(instance: string): Reason | undefined {
    const known = this.#known.get(instance)
    if (known instanceof Member || !known?.inPanic || !this.#panic()) return undefined
    return this.#called().some(({ candidate }) => candidate.instance === instance) ? known.reason : undefined
  }

  /** How many of each level can be called, as a gateway at this place counts. */
  levels(gateway: Place, order: readonly Nearness[]): readonly Level[] {
    this.#settle()
    const levels = order.map(() => ({ callable: 0, failed: 0 }))
    const levelAt = (place: Place) => levels[levelOf(order, gateway, place) ?? -1]
    for (const { candidate } of this.#firsts()) {
      const level = levelAt(candidate)
      if (!level) continue
      if (rankOf(candidate) === 0) level.callable += 1
      else if (candidate.last) level.failed += 1
    }
    for (const known of this.#known.values()) {
      const level = known instanceof Member || !known.failedAt ? undefined : levelAt(known.failedAt)
      if (level) level.failed += 1
    }
    return levels
  }

  /**
   * What may be called from a place, the level that serves first. What only stands in comes after all levels, last resorts at the end.
   * @param levels as this answers them
   */
  endpointsFrom(
    gateway: Place,
    order: readonly Nearness[],
    serving: Serving,
    levels: readonly Level[],
  ): readonly Endpoint[] {
    this.#settle()
    const turns = turnedTo(serving, levels)
    const panic = this.#panic() !== undefined
    const turnOf = ({ candidate }: Member) => {
      const level = levelOf(order, gateway, candidate)
      const rank = panic && candidate.last ? 0 : rankOf(candidate)
      if (level === undefined) return undefined
      // A level of which all are condemned comes after those of which somebody is well.
      return rank > 0 ? order.length + rank : turns.includes(level) ? turns.indexOf(level) : order.length
    }
    const placed = this.#called().flatMap((member) => {
      const turn = turnOf(member)
      return turn === undefined ? [] : [{ member, turn }]
    })
    const used = [...new Set(placed.map(({ turn }) => turn))].sort((a, b) => a - b)
    return placed.map(({ member, turn }) => member.endpoint(used.indexOf(turn)))
  }

  /**
   * Why an instance is not among the endpoints; undefined: it is, or it is not of this service.
   * @param from where it is called from, if that decides who is
   */
  leftOut(
    instance: string,
    from?: { readonly gateway: Place; readonly order: readonly Nearness[] },
  ): LeftOut | undefined {
    const known = this.#known.get(instance)
    if (known === undefined) return undefined
    if (!(known instanceof Member)) {
      return this.calledInPanic(instance) ? undefined : { instance, reason: known.reason }
    }
    this.#settle()
    const first = this.#candidates.find((other) => other.samePlace(known))
    if (first && first !== known) {
      return { instance, reason: reason('same_address', { instance: first.candidate.instance }) }
    }
    const { site, cluster } = known.candidate
    if (!from || levelOf(from.order, from.gateway, { site, cluster }) !== undefined) return undefined
    return { instance, reason: reason('other_place', { site, cluster }) }
  }

  /** Whoever is called, one for each address and port. */
  #called(): readonly Member[] {
    return this.#panic() ?? this.#firsts()
  }

  /** All that may be called where too few are left; undefined: enough are. */
  #panic(): readonly Member[] | undefined {
    if (this.#panicPercent === 0) return undefined
    this.#settle()
    if (this.#inPanic?.changes !== this.#changes) this.#inPanic = { changes: this.#changes, members: this.#findPanic() }
    return this.#inPanic.members
  }

  #findPanic(): readonly Member[] | undefined {
    const outs = [...this.#known.values()].flatMap((known) => (known instanceof Member ? [] : known))
    const firsts = this.#firsts()
    const callable = firsts.filter(({ candidate }) => !candidate.last).length
    const failed = firsts.length - callable + outs.filter(({ failedAt }) => failedAt).length
    if (callable * 100 >= this.#panicPercent * (callable + failed)) return undefined
    // Of two at one address and port the one that is well stands for both.
    const taken = new Set(firsts.map(({ candidate: { address, port } }) => `${address} ${port}`))
    const isFree = ({ candidate: { address, port } }: Member) => !taken.has(`${address} ${port}`)
    const condemned = outs.flatMap(({ member }) => (member && isFree(member) ? [member] : []))
    const all = [...firsts, ...condemned].sort((a, b) => a.compare(b))
    return all.filter((member, index) => !all[index - 1]?.samePlace(member))
  }

  /** One for each address and port. */
  #firsts(): readonly Member[] {
    if (this.#crowded === 0) return this.#candidates
    return this.#candidates.filter((member, index) => !this.#candidates[index - 1]?.samePlace(member))
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

/** Those of lowest priority are so only beside better ones. A last resort comes after what only stands in. */
function chosen(firsts: readonly Member[]): readonly Endpoint[] {
  const best = firsts.reduce((least, { candidate }) => Math.min(least, rankOf(candidate)), Number.POSITIVE_INFINITY)
  return firsts.map((member) => member.endpoint(rankOf(member.candidate) > best ? 1 : 0))
}

function withMember(judgement: Extract<Judgement, { kind: 'left-out' }>, before: Member | Out | undefined): Out {
  const { inPanic } = judgement
  const known = before instanceof Member ? undefined : before?.member
  return { ...judgement, member: inPanic && (known?.equals(inPanic) ? known : new Member(inPanic)) }
}

function failedAt(known: Member | Out | undefined): Place | undefined {
  return known instanceof Member ? undefined : known?.failedAt
}

/** In panic whoever may still answer is called alike. What only stands in goes on doing so. */
function chosenInPanic(members: readonly Member[]): readonly Endpoint[] {
  const ownOnes = members.some(({ candidate }) => !candidate.standsIn)
  return members.map((member) => member.endpoint(ownOnes && member.candidate.standsIn ? 1 : 0))
}
