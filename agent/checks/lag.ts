/** How late this process's own timers were: a starved agent must not blame others. Milliseconds. */
export class Lag {
  #worstMs = 0

  note(lateMs: number): void {
    if (lateMs > this.#worstMs) this.#worstMs = lateMs
  }

  /** The worst since the last call. */
  take(): number {
    const worst = this.#worstMs
    this.#worstMs = 0
    return Math.round(worst)
  }

  /** The worst so far, left as it is. */
  get worstMs(): number {
    return Math.round(this.#worstMs)
  }

  /** Watches closely, by a tick every 100 ms, until the returned function is called; it tells the worst of that time. */
  watch(): () => number {
    let worstMs = 0
    let timer: NodeJS.Timeout
    let dueAt = 0
    const look = () => {
      const lateMs = performance.now() - dueAt
      if (lateMs > worstMs) worstMs = lateMs
    }
    const tick = () => {
      if (dueAt > 0) look()
      dueAt = performance.now() + 100
      timer = setTimeout(tick, 100)
    }
    tick()
    return () => {
      clearTimeout(timer)
      look()
      this.note(worstMs)
      return worstMs
    }
  }
}

const halfMs = 30_000

/** The worst value of the last half minute to minute. */
export class RecentWorst {
  #worst = 0
  #before = 0
  #since = 0

  /** @param now by the monotonic clock, in milliseconds */
  note(value: number, now: number): void {
    this.#turn(now)
    this.#worst = Math.max(this.#worst, value)
  }

  at(now: number): number {
    this.#turn(now)
    return Math.max(this.#worst, this.#before)
  }

  #turn(now: number): void {
    const age = now - this.#since
    if (age < halfMs) return
    this.#before = age < 2 * halfMs ? this.#worst : 0
    this.#worst = 0
    this.#since = now
  }
}
