/** First in, first out; taking one out costs the same however many there are. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  /** Those before it have been taken. */
  #first = 0

  get size(): number {
    return this.#items.length - this.#first
  }

  /** The one that is next; undefined: there is none. */
  get first(): T | undefined {
    return this.#items[this.#first]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#first]
    this.#items[this.#first] = undefined
    this.#first += 1
    // Not at each turn: moving what is left costs as much as there is.
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return item
  }
}
