import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { Timed } from '../vantage/timed.ts'
import { nothing } from './desired.ts'

type Question = { readonly spec: ProbeSpec; readonly answer: (verdict: Timed | undefined) => void }

/** A node is never asked more than this at a time. */
const mostAtOnce = 100

/** The probes that one session has been asked to run for others. */
export class Questions {
  readonly #open = new Map<string, Question>()
  #count = 0

  /**
   * Resolves with what was found; undefined: no answer in time, too many questions already, or the session ended.
   * @param tell is called once the question is among the open ones
   */
  ask(spec: ProbeSpec, withinMs: number, tell: () => void): Promise<Timed | undefined> {
    if (this.#open.size >= mostAtOnce) return Promise.resolve(undefined)
    this.#count += 1
    const id = `p-${this.#count}`
    const { promise, resolve } = Promise.withResolvers<Timed | undefined>()
    const deadline = setTimeout(() => this.answer(id, undefined), withinMs)
    this.#open.set(id, {
      spec,
      answer: (verdict) => {
        clearTimeout(deadline)
        resolve(verdict)
      },
    })
    tell()
    return promise
  }

  /** Answers to what was not asked are passed over. */
  answer(id: string, verdict: Timed | undefined): void {
    const question = this.#open.get(id)
    this.#open.delete(id)
    question?.answer(verdict)
  }

  /** What is still to be run. */
  open(): Record<string, ProbeSpec> {
    if (this.#open.size === 0) return nothing
    return Object.fromEntries([...this.#open].map(([id, { spec }]) => [id, spec]))
  }

  end(): void {
    for (const id of this.#open.keys()) this.answer(id, undefined)
  }
}
