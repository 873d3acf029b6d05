import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Entry, History } from './history.ts'

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never
export type News = WithoutTime<Entry>

/** What happens, in memory and as JSON lines on disk, so that it is there whatever becomes of this process. */
export class Recorder implements AsyncDisposable {
  readonly #entries: Entry[] = []
  readonly #file: WriteStream
  readonly #beganAt = performance.now()

  constructor(path: string) {
    this.#file = createWriteStream(path)
  }

  get history(): History {
    return this.#entries
  }

  /** Milliseconds since the play began. */
  now(): number {
    return Math.round(performance.now() - this.#beganAt)
  }

  readonly add = (news: News, at = this.now()): void => {
    // The compiler does not follow that a union with its time taken away and given back is the union.
    const entry = { at, ...news } as Entry
    this.#entries.push(entry)
    this.#file.write(`${JSON.stringify(entry)}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.end()
    await finished(this.#file)
  }
}
