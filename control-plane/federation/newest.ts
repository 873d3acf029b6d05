/**
 * The newest values of some names for each of many: of each its values and times beside each other in one array, which takes a third of what
 * a map of them does.
 */
export class Newest {
  readonly #names: readonly string[]
  /** A value and its time (epoch milliseconds) for each name; NaN: there is none. */
  readonly #figures = new Map<string, number[]>()

  constructor(names: readonly string[]) {
    this.#names = names
  }

  has(id: string): boolean {
    return this.#figures.has(id)
  }

  value(id: string, name: string): number | undefined {
    return this.#figure(id, name, 0)
  }

  /** When it was put. */
  at(id: string, name: string): number | undefined {
    return this.#figure(id, name, 1)
  }

  /** What is older than what is known, or has another name, changes nothing. */
  put(id: string, name: string, value: number, at: number): void {
    const place = this.#names.indexOf(name) * 2
    if (place < 0) return
    const figures = this.#figures.getOrInsertComputed(id, () => Array<number>(this.#names.length * 2).fill(Number.NaN))
    if (at < (figures[place + 1] ?? Number.NaN)) return
    figures[place] = value
    figures[place + 1] = at
  }

  /** Drops what was put before a time. */
  forget(before: number): void {
    for (const [id, figures] of this.#figures) {
      let left = 0
      for (let place = 0; place < figures.length; place += 2) {
        if ((figures[place + 1] ?? Number.NaN) >= before) left += 1
        else figures.fill(Number.NaN, place, place + 2)
      }
      if (left === 0) this.#figures.delete(id)
    }
  }

  *all(): Generator<readonly [id: string, name: string, value: number, at: number], void> {
    for (const [id, figures] of this.#figures) {
      for (const [index, name] of this.#names.entries()) {
        const [value = Number.NaN, at = Number.NaN] = figures.slice(index * 2, index * 2 + 2)
        if (!Number.isNaN(at)) yield [id, name, value, at]
      }
    }
  }

  #figure(id: string, name: string, which: 0 | 1): number | undefined {
    const figure = this.#figures.get(id)?.[this.#names.indexOf(name) * 2 + which]
    return figure === undefined || Number.isNaN(figure) ? undefined : figure
  }
}
