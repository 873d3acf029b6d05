import type { Mark } from './progress.ts'

/** The least of the marks of many streams, which move one at a time. It keeps how often each occurs: of many Envoys most are at the same. */
export class LeastMark {
  readonly #counts = new Map<Mark, number>()
  /** What was reckoned last; undefined: it is to be reckoned again. */
  #least: Mark | undefined

  /** The least revision and the least offer, each by itself; undefined: there are no marks. */
  get value(): Mark | undefined {
    if (!this.#least) for (const mark of this.#counts.keys()) this.#least = lesser(this.#least, mark)
    return this.#least
  }

  add(mark: Mark): void {
    const count = this.#counts.get(mark)
    this.#counts.set(mark, (count ?? 0) + 1)
    if (count === undefined) this.#least = undefined
  }

  /** Takes one of the marks out, which must be among them. */
  remove(mark: Mark): void {
    const count = this.#counts.get(mark) ?? 0
    if (count > 1) {
      this.#counts.set(mark, count - 1)
      return
    }
    this.#counts.delete(mark)
    this.#least = undefined
  }
}

function lesser(a: Mark | undefined, b: Mark): Mark {
  if (!a || (b.offer <= a.offer && b.revision <= a.revision)) return b
  if (a.offer <= b.offer && a.revision <= b.revision) return a
  return { offer: Math.min(a.offer, b.offer), revision: Math.min(a.revision, b.revision) }
}
