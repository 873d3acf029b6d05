import type { EventEmitter } from 'node:events'

/** A reader that has taken nothing for so long is cut off: it would hold its place for ever. */
const slowestMs = 60_000

export type Reader = EventEmitter & { readonly destroy: () => unknown }

/** Those who read streams that may go on for ever. */
export class Readers {
  readonly #slowestMs: number
  #cut = 0

  constructor(withinMs = slowestMs) {
    this.#slowestMs = withinMs
  }

  /** How many were cut off since they did not read, since the start. */
  get cut(): number {
    return this.#cut
  }

  /**
   * Resolves when a reader has caught up, or is gone; who does not in time is cut off. Leaves no listener behind, however often a slow one is
   * waited for.
   */
  drained(reader: Reader, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        reader.off('drain', done)
        gone.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#cut += 1
        reader.destroy()
        done()
      }, this.#slowestMs)
      reader.once('drain', done)
      gone.addEventListener('abort', done, { once: true })
      if (gone.aborted) done()
    })
  }
}
