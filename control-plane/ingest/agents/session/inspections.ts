import type { Inspected, Inspections as Wanted } from '#shared/protocol/drift.ts'
import { nothing } from './desired.ts'

/** A gateway to look at, and whether to set it right. */
export type Asked = Wanted[string]

type Open = {
  readonly asked: Asked
  readonly answer: (found: Inspected | undefined) => void
}

/** A node is never asked more than this at a time. */
const mostAtOnce = 32

/** What one session has been asked to look at. */
export class Inspections {
  readonly #open = new Map<string, Open>()
  #count = 0

  /**
   * Resolves with what was found; undefined: no answer in time, too many questions already, or the session ended.
   * @param tell is called once it is among what is wanted
   */
  ask(asked: Asked, withinMs: number, tell: () => void): Promise<Inspected | undefined> {
    if (this.#open.size >= mostAtOnce) return Promise.resolve(undefined)
    this.#count += 1
    const id = `i-${this.#count}`
    const { promise, resolve } = Promise.withResolvers<Inspected | undefined>()
    const deadline = setTimeout(() => this.#end(id, undefined), withinMs)
    const answer = (found: Inspected | undefined) => {
      clearTimeout(deadline)
      resolve(found)
    }
    this.#open.set(id, { asked, answer })
    tell()
    return promise
  }

  /** Answers to what was not asked are passed over. */
  heard(found: Inspected): void {
    if (this.#open.get(found.id)?.asked.gateway === found.gateway) this.#end(found.id, found)
  }

  /** What is still to be looked at. */
  wanted(): Wanted {
    if (this.#open.size === 0) return nothing
    return Object.fromEntries([...this.#open].map(([id, { asked }]) => [id, asked]))
  }

  end(): void {
    for (const id of this.#open.keys()) this.#end(id, undefined)
  }

  #end(id: string, found: Inspected | undefined): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.answer(found)
  }
}
