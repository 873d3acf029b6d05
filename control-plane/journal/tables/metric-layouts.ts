import type { Metric } from '#shared/protocol/messages.ts'

type Unit = Metric['unit']

/** Which metrics somebody has, in which order. The same object for all who have the same: a hundred thousand services need few. */
export type Layout = {
  readonly names: readonly string[]
  readonly units: readonly Unit[]
  /** Those with one more, by its unit and name. */
  next: Map<string, Layout> | undefined
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
  withUnit({ names, units }: Layout, place: number, unit: Unit): Layout {
    return this.#of(names, units.with(place, unit))
  }

  /** Without the first of them. */
  without({ names, units }: Layout, count: number): Layout {
    return this.#of(names.slice(count), units.slice(count))
  }

  #of(names: readonly string[], units: readonly Unit[]): Layout {
    let layout = this.#empty
    for (const [place, name] of names.entries()) layout = this.with(layout, name, units[place] ?? 'count')
    return layout
  }
}
