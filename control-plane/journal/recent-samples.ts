import type { Sample } from './rollup.ts'

export type Recent = {
  readonly name: string
  readonly unit: Sample['unit']
  readonly node: string
  /** By their time, oldest first. */
  readonly samples: readonly { readonly at: number; readonly value: number }[]
  /** True: these are all that there ever were. False: older ones may have made room for newer ones. */
  readonly whole: boolean
}

type Head = { readonly name: string; readonly unit: Sample['unit']; readonly node: string; newest: number }

/**
 * The newest samples of services as they came, a bounded number over all of them: the oldest make room. Each sample knows the one of
 * its series before it, so reading a series touches no other.
 */
export class RecentSamples {
  readonly #most: number
  readonly #at: Float64Array
  readonly #value: Float64Array
  /** The number of the series' sample before; -1: it is the first. */
  readonly #before: Float64Array
  readonly #series: (readonly [service: string, key: string] | undefined)[]
  readonly #heads = new Map<string, Map<string, Head>>()
  #count = 0

  /** @param most at least 1 */
  constructor(most: number) {
    this.#most = most
    this.#at = new Float64Array(most)
    this.#value = new Float64Array(most)
    this.#before = new Float64Array(most)
    this.#series = []
  }

  /** Samples of nodes, and values that are no finite number, are passed over. */
  add({ instance = '', node, name, unit, value, at }: Sample): void {
    if (instance === '' || !Number.isFinite(value)) return
    const number = this.#count
    const place = number % this.#most
    this.#forget(place, number - this.#most)
    const key = `${node}\n${name}`
    const heads = this.#heads.getOrInsertComputed(instance, () => new Map<string, Head>())
    const head = heads.get(key)
    this.#at[place] = at
    this.#value[place] = value
    this.#before[place] = head?.newest ?? -1
    this.#series[place] = [instance, key]
    if (head?.unit === unit) head.newest = number
    else heads.set(key, { name, unit, node, newest: number })
    this.#count = number + 1
  }

  of(service: string): readonly Recent[] {
    return [...(this.#heads.get(service)?.values() ?? [])].map((head) => this.#read(head))
  }

  #read({ name, unit, node, newest }: Head): Recent {
    const oldestKept = this.#count - this.#most
    const samples: { readonly at: number; readonly value: number }[] = []
    let number = newest
    let first = newest
    while (number >= 0 && number >= oldestKept) {
      const place = number % this.#most
      first = number
      samples.push({ at: this.#at[place] ?? 0, value: this.#value[place] ?? 0 })
      number = this.#before[place] ?? -1
    }
    samples.reverse().sort((a, b) => a.at - b.at)
    // What began when others had to go already may have been here before.
    return { name, unit, node, samples, whole: number < 0 && first < this.#most }
  }

  /** A series whose newest sample goes is gone. */
  #forget(place: number, number: number): void {
    const owner = this.#series[place]
    if (!owner) return
    const [service, key] = owner
    const heads = this.#heads.get(service)
    if (heads?.get(key)?.newest !== number) return
    heads.delete(key)
    if (heads.size === 0) this.#heads.delete(service)
  }
}
