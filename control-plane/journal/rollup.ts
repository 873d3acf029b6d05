import type { Metric } from '#shared/protocol/messages.ts'

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
  readonly minute: number
  /** The start of the last minute that it stands for. */
  readonly lastMinute: number
  readonly names: string[]
  readonly units: Metric['unit'][]
  readonly values: number[]
  /** Undefined: none of them has any. */
  tags: (string | undefined)[] | undefined
}

/**
 * Minutes that are being added up, at most `most` of them: beyond that samples of further metrics are counted as dropped until minutes
 * have been taken away. Where more is measured than can be written, several minutes are added up to one.
 */
export class RollupBuffer {
  readonly #most: number
  readonly #rowsAMinute: number
  readonly #owners = new Map<string, Owner>()
  /** The keys of each service's owners. */
  readonly #ofService = new Map<string, Set<string>>()
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
    const owner = this.#ownerOf(instance, node, minute, minute + length - minuteMs)
    const place = owner.names.indexOf(name)
    if (place >= 0) addTo(owner, place, { unit, sum: value, min: value, max: value, last: value, samples: 1, tags })
    else if (this.#size >= this.#most) this.#dropped += 1
    else {
      this.#append(owner, { name, unit, sum: value, min: value, max: value, last: value, samples: 1, tags })
      this.#count(minute)
    }
  }

  /** The minutes of a service that have not been taken away. */
  of(service: string): readonly Rollup[] {
    // What belongs to nodes is asked for by nobody here.
    return [...(this.#ofService.get(service) ?? [])].flatMap((key) => {
      const owner = this.#owners.get(key)
      return owner ? rollupsOf(owner, 0, owner.names.length) : []
    })
  }

  /** Takes away up to `limit` minutes that began before `before`, oldest additions first. */
  take(before: number, limit: number): readonly Rollup[] {
    const taken: Rollup[] = []
    for (const [key, owner] of this.#owners) {
      if (taken.length >= limit) break
      if (owner.lastMinute >= before) continue
      const rest = owner.names.length - (limit - taken.length)
      const count = owner.names.length - Math.max(0, rest)
      taken.push(...rollupsOf(owner, 0, count))
      this.#size -= count
      if (rest <= 0) this.#forget(key, owner)
      else dropFirst(owner, count)
    }
    this.#latest = undefined
    this.#settleStep(before)
    return taken
  }

  /** Puts back what could not be written. What has been added meanwhile is joined with it. */
  giveBack(rollups: readonly Rollup[]): void {
    for (const rollup of rollups) {
      const { service, node, minute, name } = rollup
      const owner = this.#ownerOf(service, node, minute, minute)
      const place = owner.names.indexOf(name)
      if (place >= 0) addTo(owner, place, rollup, 'earlier')
      else this.#append(owner, rollup)
    }
  }

  #ownerOf(service: string, node: string, minute: number, lastMinute: number): Owner {
    const latest = this.#latest
    if (latest?.minute === minute && latest.service === service && latest.node === node) return latest
    const key = `${minute}\n${service}\n${node}`
    let owner = this.#owners.get(key)
    if (!owner) {
      owner = { service, node, minute, lastMinute, names: [], units: [], values: [], tags: undefined }
      this.#owners.set(key, owner)
      if (service !== '') this.#ofService.getOrInsertComputed(service, () => new Set()).add(key)
    }
    this.#latest = owner
    return owner
  }

  #append(owner: Owner, { name, unit, sum, min, max, last, samples, tags }: Added & { readonly name: string }): void {
    this.#size += 1
    owner.names.push(name)
    owner.units.push(unit)
    owner.values.push(sum, min, max, last, samples)
    if (tags !== undefined || owner.tags) tagsOf(owner)[owner.names.length - 1] = tags
  }

  #forget(key: string, { service }: Owner): void {
    this.#owners.delete(key)
    const keys = this.#ofService.get(service)
    if (keys?.delete(key) && keys.size === 0) this.#ofService.delete(service)
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

function addTo(owner: Owner, place: number, added: Added, when: 'earlier' | 'later' = 'later'): void {
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
  owner.units[place] = added.unit
  if (added.tags !== undefined) tagsOf(owner)[place] = added.tags
}

function tagsOf(owner: Owner): (string | undefined)[] {
  owner.tags ??= []
  return owner.tags
}

function rollupsOf({ service, node, minute, names, units, values, tags }: Owner, from: number, to: number): Rollup[] {
  return names.slice(from, to).map((name, index) => {
    const [sum = 0, min = 0, max = 0, last = 0, samples = 0] = values.slice(
      (from + index) * figures,
      (from + index + 1) * figures,
    )
    const tag = tags?.[from + index]
    const unit = units[from + index] ?? 'count'
    const rollup = { service, node, name, unit, minute, sum, min, max, last, samples }
    return tag === undefined ? rollup : { ...rollup, tags: tag }
  })
}

function dropFirst(owner: Owner, count: number): void {
  owner.names.splice(0, count)
  owner.units.splice(0, count)
  owner.values.splice(0, count * figures)
  owner.tags?.splice(0, count)
}
