import type { Asked } from '../history.ts'
import type { Recorder } from '../record.ts'

/** Failures of one kind that are told in words within a second. */
const mostTold = 3

/** Counts calls by the second in which they began, and tells each second when all of its calls have ended. */
export class Counting {
  readonly #recorder: Recorder
  readonly #seconds = new Map<
    string,
    { readonly asked: Asked; readonly at: number; calls: number; failed: number; open: number }
  >()

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** Counts one call; it failed if it rejects. Never rejects. */
  async count(asked: Asked, call: () => Promise<unknown>): Promise<void> {
    const at = Math.floor(this.#recorder.now() / 1000) * 1000
    const key = `${asked}/${at}`
    const second = this.#seconds.get(key) ?? { asked, at, calls: 0, failed: 0, open: 0 }
    this.#seconds.set(key, second)
    second.calls += 1
    second.open += 1
    try {
      await call()
    } catch (error) {
      second.failed += 1
      if (second.failed <= mostTold) this.#recorder.add({ kind: 'failed', asked, why: String(error).slice(0, 300) })
    }
    second.open -= 1
    this.#tell()
  }

  /** Tells of the seconds that are over. */
  #tell(all = false): void {
    const now = this.#recorder.now()
    for (const [key, { asked, at, calls, failed, open }] of this.#seconds) {
      if (!all && (open > 0 || at + 1_000 > now)) continue
      this.#seconds.delete(key)
      this.#recorder.add({ kind: 'second', asked, calls, failed }, at)
    }
  }

  end(): void {
    this.#tell(true)
  }
}
