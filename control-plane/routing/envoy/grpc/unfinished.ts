/** Why a call is ended over what it has begun to say. */
export type Why = 'crowded' | 'stalled'

/** What one call has begun to say. */
export type Begun = {
  /** So many bytes wait for their rest now; 0 also when one message is whole and the next has begun. */
  now(bytes: number): void
  end(): void
}

/** Messages that have begun and are not whole, of all calls: they take only so much room together, and each only so long. */
export class Unfinished {
  readonly #most: number
  readonly #withinMs: number
  readonly #ended: Record<Why, number> = { crowded: 0, stalled: 0 }
  #bytes = 0

  constructor(mostBytes: number, withinMs: number) {
    this.#most = mostBytes
    this.#withinMs = withinMs
  }

  figures() {
    return { unfinishedBytes: this.#bytes, mostUnfinishedBytes: this.#most, ...this.#ended }
  }

  /** @param cut ends the call */
  of(cut: (why: Why) => void): Begun {
    let held = 0
    let timer: NodeJS.Timeout | undefined
    const end = (why: Why) => {
      this.#ended[why] += 1
      cut(why)
    }
    const set = (bytes: number) => {
      this.#bytes += bytes - held
      held = bytes
      if (bytes > 0) timer ??= setTimeout(() => end('stalled'), this.#withinMs).unref()
      else if (timer) {
        clearTimeout(timer)
        timer = undefined
      }
    }
    return {
      now: (bytes) => {
        set(bytes)
        if (bytes > 0 && this.#bytes > this.#most) end('crowded')
      },
      end: () => set(0),
    }
  }
}
