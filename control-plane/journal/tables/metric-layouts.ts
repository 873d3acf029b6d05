import type { Metric } from '#shared/protocol/messages.ts'

type Unit = Metric['unit']

/** Which metrics somebody has, in which order. The same object for all who have the same: a hundred thousand services need few. */
export type Layout = {
  readonly names: readonly string[]
  readonly units: readonly Unit[]
  /** Those with one more, by its unit and name. */
  next: Map<string, Layout> | undefined
}

/**
 * Of one owner alone, which has many metrics or ever others: a name takes the place of one that nobody speaks of any more, and finds its place
 * without a look at the others.
 */
export type OwnLayout = Layout & {
  readonly names: string[]
  readonly units: Unit[]
  readonly places: Map<string, number>
  /** Places that have no metric. */
  readonly free: number[]
}

/** Those of `from` that are `kept`, in that order, and free places up to `size`. */
export function ownLayout(from: Layout, kept: readonly number[], size: number): OwnLayout {
  const names = Array.from({ length: size }, (_, place) => from.names[kept[place] ?? -1] ?? '')
  const units = names.map((_, place): Unit => from.units[kept[place] ?? -1] ?? 'count')
  const places = new Map(kept.map((_, place) => [names[place] ?? '', place]))
  const free = Array.from({ length: size - kept.length }, (_, index) => size - 1 - index)
  return { names, units, next: undefined, places, free }
}

export function isOwn(layout: Layout): layout is OwnLayout {
  return 'places' in layout
}

/** Where a metric is; -1: nowhere. */
export function placeIn(layout: Layout, name: string): number {
  return isOwn(layout) ? (layout.places.get(name) ?? -1) : layout.names.indexOf(name)
}

/** Gives a free place to a metric; undefined: there is none. */
export function takePlace(layout: OwnLayout, name: string, unit: Unit): number | undefined {
  const place = layout.free.pop()
  if (place === undefined) return undefined
  layout.names[place] = name
  layout.units[place] = unit
  layout.places.set(name, place)
  return place
}

/** Names in all layouts together. */
const usuallyMost = 500_000

/** Bounded, since names may be anything: beyond it new layouts are not shared with those from before. */
export class Layouts {
  readonly #most: number
  #empty: Layout = { names: [], units: [], next: undefined }
  #size = 0

  constructor(most = usuallyMost) {
    this.#most = most
  }

  get empty(): Layout {
    return this.#empty
  }

  /** One more metric, after the others. */
  with(layout: Layout, name: string, unit: Unit): Layout {
    const key = `${unit} ${name}`
    const known = layout.next?.get(key)
    if (known) return known
    const made: Layout = { names: [...layout.names, name], units: [...layout.units, unit], next: undefined }
    layout.next ??= new Map()
    layout.next.set(key, made)
    this.#size += made.names.length
    if (this.#size > this.#most) {
      this.#empty = { names: [], units: [], next: undefined }
      this.#size = 0
    }
    return made
  }

  /** The same metrics, one of them in another unit. */
  withUnit(layout: Layout, place: number, unit: Unit): Layout {
    const units = layout.units.with(place, unit)
    return isOwn(layout) ? { ...layout, units } : this.of(layout.names, units)
  }

  /** Without the first of them. */
  without({ names, units }: Layout, count: number): Layout {
    return this.of(names.slice(count), units.slice(count))
  }

  of(names: readonly string[], units: readonly Unit[]): Layout {
    let layout = this.#empty
    for (const [place, name] of names.entries()) layout = this.with(layout, name, units[place] ?? 'count')
    return layout
  }
}
