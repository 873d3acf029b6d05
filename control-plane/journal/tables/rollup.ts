import type { Metric } from '#shared/protocol/messages.ts'
import { type Layout, Layouts } from './metric-layouts.ts'

const minuteMs = 60_000

/** A measured value, when and of what. */
export type Sample = Metric & {
  /** The node that measured it. */
  readonly node: string
  /** Epoch milliseconds. */
  readonly at: number
  /** JSON; what they say of the last sample of a minute is kept. */
  readonly tags?: string
}

/** What one minute of one metric came to. */
export type Rollup = {
  /** Empty where the metric belongs to the node. */
  readonly service: string
  readonly node: string
  readonly name: string
  readonly unit: Metric['unit']
  /** Epoch milliseconds of the minute's start. */
  readonly minute: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly last: number
  readonly samples: number
  readonly tags?: string
}

export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs) * minuteMs
}

/** Minutes that a rollup may stand for: the more is measured, the longer. */
const steps = [1, 5, 15] as const
/** Rows a minute that are written without taking much of a core: ten thousand nodes measure twice as much. */
const usualRowsAMinute = 60_000

/** Sum, least, most, last and number, for one metric after the other. */
const figures = 5

/** What one node measured of one service, or of itself, within one step: most metrics of an owner come together. */
type Owner = {
  readonly service: string
  readonly node: string
  readonly step: Step
  /** So many it stands for, from the first of its step. */
  readonly minutes: number
  layout: Layout
  /** `figures` of each metric, in the order of the layout. */
  values: number[]
  /** Undefined: none of them has any. */
  tags: (string | undefined)[] | undefined
  /** What another node measured of the same service. */
  other: Owner | undefined
}

/** What began with the same minute, oldest additions first. */
type Step = {
  readonly minute: number
  readonly ofServices: Map<string, Owner>
  readonly ofNodes: Map<string, Owner>
  /** The last minute of those that are over first. */
  firstOver: number
}

/**
 * Minutes that are being added up, at most `most` of them: beyond that samples of further metrics are counted as dropped until minutes
 * have been taken away. Where more is measured than can be written, several minutes are added up to one.
 */
export class RollupBuffer {
  readonly #most: number
  readonly #rowsAMinute: number
  readonly #layouts = new Layouts()
  /** By the minute that they begin with. */
  readonly #steps = new Map<number, Step>()
  /** Metrics that began, by the start of their step. */
  readonly #begun = new Map<number, number>()
  #step: (typeof steps)[number] = 1
  #latest: Owner | undefined
  #size = 0
  #dropped = 0

  constructor(most: number, rowsAMinute = usualRowsAMinute) {
    this.#most = most
    this.#rowsAMinute = rowsAMinute
  }

  /** Samples that found no room. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#size
  }

  /** So many minutes one row stands for now. */
  get stepMinutes(): number {
    return this.#step
  }

  /** Values that are no finite number are dropped. */
  add({ instance = '', node, name, unit, value, at, tags }: Sample): void {
    if (!Number.isFinite(value)) {
      this.#dropped += 1
      return
    }
    const length = this.#step * minuteMs
    const minute = Math.floor(at / length) * length
    const owner = this.#ownerOf(instance, node, minute, this.#step)
    const place = owner.layout.names.indexOf(name)
    const added = { name, unit, sum: value, min: value, max: value, last: value, samples: 1, tags }
    if (place >= 0) this.#addTo(owner, place, added)
    else if (this.#size >= this.#most) this.#dropped += 1
    else {
      this.#append(owner, added)
      this.#count(minute)
    }
  }

  /** The minutes of a service that have not been taken away. */
  of(service: string): readonly Rollup[] {
    // What belongs to nodes is asked for by nobody here.
    return [...this.#steps.values()].flatMap(({ ofServices }) =>
      [...chain(ofServices.get(service))].flatMap((owner) => rollupsOf(owner, 0, owner.layout.names.length)),
    )
  }

  /** Takes away up to `limit` minutes that began before `before`, those that began first before others. */
  take(before: number, limit: number): readonly Rollup[] {
    const taken: Rollup[] = []
    for (const step of this.#steps.values()) {
      if (step.firstOver >= before) continue
      for (const owner of ownersOf(step)) {
        if (taken.length >= limit) break
        if (lastMinute(owner) >= before) continue
        const { length } = owner.layout.names
        const count = Math.min(length, limit - taken.length)
        taken.push(...rollupsOf(owner, 0, count))
        this.#size -= count
        if (count === length) this.#forget(owner)
        else this.#dropFirst(owner, count)
      }
    }
    this.#latest = undefined
    this.#settleStep(before)
    return taken
  }

  /** Puts back what could not be written. What has been added meanwhile is joined with it. */
  giveBack(rollups: readonly Rollup[]): void {
    for (const rollup of rollups) {
      const { service, node, minute, name } = rollup
      const owner = this.#ownerOf(service, node, minute, 1)
      const place = owner.layout.names.indexOf(name)
      if (place >= 0) this.#addTo(owner, place, rollup, 'earlier')
      else this.#append(owner, rollup)
    }
  }

  #ownerOf(service: string, node: string, minute: number, minutes: number): Owner {
    const latest = this.#latest
    if (latest?.step.minute === minute && latest.service === service && latest.node === node) return latest
    const step = this.#steps.getOrInsertComputed(minute, newStep)
    const first = service === '' ? step.ofNodes.get(node) : step.ofServices.get(service)
    const known = chain(first).find((owner) => owner.node === node)
    const owner = known ?? this.#begin({ service, node, step, minutes }, first)
    this.#latest = owner
    return owner
  }

  #begin(of: Pick<Owner, 'service' | 'node' | 'step' | 'minutes'>, first: Owner | undefined): Owner {
    const { service, node, step, minutes } = of
    const [layout, tags, other] = [this.#layouts.empty, undefined, first?.other]
    const owner: Owner = { service, node, step, minutes, layout, values: [], tags, other }
    if (first) first.other = owner
    else if (service === '') step.ofNodes.set(node, owner)
    else step.ofServices.set(service, owner)
    step.firstOver = Math.min(step.firstOver, lastMinute(owner))
    return owner
  }

  #append(owner: Owner, { name, unit, sum, min, max, last, samples, tags }: Added & { readonly name: string }): void {
    this.#size += 1
    owner.layout = this.#layouts.with(owner.layout, name, unit)
    // What grows by `push` keeps room for as many again.
    owner.values = owner.values.concat([sum, min, max, last, samples])
    if (tags !== undefined || owner.tags) tagsOf(owner)[owner.layout.names.length - 1] = tags
  }

  #addTo(owner: Owner, place: number, added: Added, when: 'earlier' | 'later' = 'later'): void {
    const { values } = owner
    const at = place * figures
    const of = (figure: number) => values[at + figure] ?? 0
    values[at] = when === 'later' ? of(0) + added.sum : added.sum + of(0)
    values[at + 1] = Math.min(of(1), added.min)
    values[at + 2] = Math.max(of(2), added.max)
    values[at + 4] = of(4) + added.samples
    if (when === 'earlier') {
      if (owner.tags?.[place] === undefined && added.tags !== undefined) tagsOf(owner)[place] = added.tags
      return
    }
    values[at + 3] = added.last
    if (owner.layout.units[place] !== added.unit) {
      owner.layout = this.#layouts.withUnit(owner.layout, place, added.unit)
    }
    if (added.tags !== undefined) tagsOf(owner)[place] = added.tags
  }

  #dropFirst(owner: Owner, count: number): void {
    owner.layout = this.#layouts.without(owner.layout, count)
    owner.values = owner.values.slice(count * figures)
    owner.tags?.splice(0, count)
  }

  #forget(owner: Owner): void {
    const { service, node, step } = owner
    const [owners, key] = service === '' ? [step.ofNodes, node] : [step.ofServices, service]
    const before = chain(owners.get(key)).find(({ other }) => other === owner)
    if (before) before.other = owner.other
    else if (owner.other) owners.set(key, owner.other)
    else owners.delete(key)
    if (step.ofNodes.size === 0 && step.ofServices.size === 0) this.#steps.delete(step.minute)
  }

  #count(minute: number): void {
    const begun = (this.#begun.get(minute) ?? 0) + 1
    this.#begun.set(minute, begun)
    if (begun <= this.#rowsAMinute * this.#step) return
    this.#step = steps.find((step) => step > this.#step) ?? this.#step
    this.#latest = undefined
  }

  /** A step that is over says whether shorter ones would do. */
  #settleStep(before: number): void {
    const shorter = steps.findLast((step) => step < this.#step)
    for (const [minute, begun] of this.#begun) {
      if (minute + (this.#step - 1) * minuteMs >= before) continue
      this.#begun.delete(minute)
      if (shorter !== undefined && begun <= (this.#rowsAMinute * shorter) / 2) this.#step = shorter
    }
  }
}

type Added = Pick<Rollup, 'unit' | 'sum' | 'min' | 'max' | 'last' | 'samples'> & { readonly tags?: string | undefined }

function newStep(minute: number): Step {
  return { minute, ofServices: new Map(), ofNodes: new Map(), firstOver: Number.POSITIVE_INFINITY }
}

function* ownersOf({ ofServices, ofNodes }: Step): Generator<Owner, void> {
  for (const first of ofServices.values()) yield* chain(first)
  yield* ofNodes.values()
}

function* chain(first: Owner | undefined): Generator<Owner, void> {
  for (let owner = first; owner; ) {
    const { other }: Owner = owner
    yield owner
    owner = other
  }
}

function lastMinute({ step, minutes }: Owner): number {
  return step.minute + (minutes - 1) * minuteMs
}

function tagsOf(owner: Owner): (string | undefined)[] {
  owner.tags ??= []
  return owner.tags
}

function rollupsOf({ service, node, step, layout, values, tags }: Owner, from: number, to: number): Rollup[] {
  return layout.names.slice(from, to).map((name, index) => {
    const [sum = 0, min = 0, max = 0, last = 0, samples = 0] = values.slice(
      (from + index) * figures,
      (from + index + 1) * figures,
    )
    const tag = tags?.[from + index]
    const unit = layout.units[from + index] ?? 'count'
    const rollup = { service, node, name, unit, minute: step.minute, sum, min, max, last, samples }
    return tag === undefined ? rollup : { ...rollup, tags: tag }
  })
}
