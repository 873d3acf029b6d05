import { longestWaitMs } from './repeat.ts'

/**
 * A bell that one loop waits for and many may ring. Rings while nobody waits are kept as one: a loop that looks at the
 * whole state after each ring misses nothing, and a thousand rings cost one look.
 */
export class Wake {
  #rung = false
  #waiting: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#waiting?.()
  }

  /** Resolves with true when rung, with false after `withinMs` or when `stop` is signalled. */
  async next(withinMs: number, stop: AbortSignal): Promise<boolean> {
    if (!this.#rung && !stop.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          stop.removeEventListener('abort', done)
          this.#waiting = undefined
          resolve()
        }
        const timer = setTimeout(done, Math.min(withinMs, longestWaitMs))
        stop.addEventListener('abort', done, { once: true })
        this.#waiting = done
      })
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
