import { bytesOf } from './record.ts'

type Entry<R> = { readonly record: R; readonly bytes: number }

/** The newest records of a lane, in the order of their numbers: those that are not on the disk yet. */
export class Tail<R extends { readonly n: number }> {
  #entries: Entry<R>[] = []
  #bytes = 0

  get size(): number {
    return this.#entries.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The number of the oldest; undefined: there is none. */
  get first(): number | undefined {
    return this.#entries[0]?.record.n
  }

  get records(): readonly R[] {
    return this.#entries.map(({ record }) => record)
  }

  add(record: R): void {
    const bytes = bytesOf(record)
    this.#entries.push({ record, bytes })
    this.#bytes += bytes
  }

  /** Drops what is not among those. */
  keep(which: (n: number) => boolean): void {
    this.#set(this.#entries.filter(({ record }) => which(record.n)))
  }

  /** Puts fewer in the place of the older half, of what comes after the number `n`. */
  thinOut(n: number, fewer: (older: readonly R[]) => readonly R[]): void {
    const from = this.#entries.filter(({ record }) => record.n <= n).length
    const half = from + Math.ceil((this.#entries.length - from) / 2)
    const left = fewer(this.#entries.slice(from, half).map(({ record }) => record))
    const thinned = left.map((record) => ({ record, bytes: bytesOf(record) }))
    this.#set([...this.#entries.slice(0, from), ...thinned, ...this.#entries.slice(half)])
  }

  #set(entries: Entry<R>[]): void {
    this.#entries = entries
    this.#bytes = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
