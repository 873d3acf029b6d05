/** Why a call is ended over what it has begun to say. */
export type Why = 'crowded' | 'stalled'

/** What one call has begun to say. */
export type Begun = {
  /** So many bytes wait for their rest now; 0 also when one message is whole and the next has begun. */
  now(bytes: number): void
  end(): void
}

type Held = { bytes: number; readonly end: (why: Why) => void }

/**
 * Messages that have begun and are not whole, of all calls: they take only so much room together, and each only so long. Beyond it the call
 * goes that holds most, not whoever says a word more.
 */
export class Unfinished {
  readonly #most: number
  readonly #withinMs: number
  readonly #ended: Record<Why, number> = { crowded: 0, stalled: 0 }
  readonly #holders = new Set<Held>()
  #bytes = 0

  constructor(mostBytes: number, withinMs: number) {
    this.#most = mostBytes
    this.#withinMs = withinMs
  }

  figures() {
    return { unfinishedBytes: this.#bytes, mostUnfinishedBytes: this.#most, ...this.#ended }
  }

  /** @param cut ends the call, and with it what it has begun */
  of(cut: (why: Why) => void): Begun {
    let timer: NodeJS.Timeout | undefined
    const held: Held = {
      bytes: 0,
      end: (why) => {
        this.#ended[why] += 1
        set(0)
        cut(why)
      },
    }
    const set = (bytes: number) => {
      this.#bytes += bytes - held.bytes
      held.bytes = bytes
      if (bytes > 0) {
        this.#holders.add(held)
        timer ??= setTimeout(() => held.end('stalled'), this.#withinMs).unref()
        return
      }
      this.#holders.delete(held)
      clearTimeout(timer)
      timer = undefined
    }
    return {
      now: (bytes) => {
        set(bytes)
        // What came last is at most as much as that one holds, so one is enough.
        if (this.#bytes > this.#most) this.#largest()?.end('crowded')
      },
      end: () => set(0),
    }
  }

  #largest(): Held | undefined {
    let largest: Held | undefined
    for (const held of this.#holders) if (held.bytes > (largest?.bytes ?? 0)) largest = held
    return largest
  }
}
