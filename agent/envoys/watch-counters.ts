import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Counters } from '#shared/protocol/traffic.ts'
import { CounterTelling } from './tell-counters.ts'

export type CounterParts = {
  /** Answers false where nobody hears it: then it is told again. */
  readonly send: (counters: Counters) => boolean
  readonly log: Logger
  readonly stop: AbortSignal
  readonly everyMs?: number
}

type Watched = { readonly telling: CounterTelling; readonly end: AbortController; readonly ended: Promise<void> }

const usualMs = 5_000
/** An Envoy with many statistics needs a while to look through them; it must not do so all the time. */
const restShare = 20

/** Follows what Envoys of this node count, and tells the plane what has moved. */
export class CounterWatch implements AsyncDisposable {
  readonly #parts: CounterParts
  readonly #watched = new Map<string, Watched>()

  constructor(parts: CounterParts) {
    this.#parts = parts
  }

  /** Follows the counters of a gateway's Envoy at this admin page. Asked twice, it is done once. */
  follow(gateway: string, admin: string): void {
    const key = `${gateway} ${admin}`
    if (this.#watched.has(key)) return
    const telling = new CounterTelling(gateway, admin)
    const end = new AbortController()
    const stop = AbortSignal.any([this.#parts.stop, end.signal])
    this.#watched.set(key, { telling, end, ended: this.#watch(gateway, telling, stop) })
  }

  async leave(gateway: string, admin: string): Promise<void> {
    const key = `${gateway} ${admin}`
    const watched = this.#watched.get(key)
    this.#watched.delete(key)
    watched?.end.abort()
    await watched?.ended
  }

  /** Has everything told to a new session. */
  tellAgain(): void {
    for (const { telling } of this.#watched.values()) telling.again()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { end } of this.#watched.values()) end.abort()
    await Promise.all([...this.#watched.values()].map(({ ended }) => ended))
  }

  async #watch(gateway: string, telling: CounterTelling, stop: AbortSignal): Promise<void> {
    const { send, log, everyMs = usualMs } = this.#parts
    let failing = false
    while (!stop.aborted) {
      const begunAt = performance.now()
      try {
        await telling.look(send, stop)
        failing = false
      } catch (err) {
        if (stop.aborted) return
        if (!failing) log.warn({ err, gateway }, 'the counters of an Envoy cannot be read')
        failing = true
      }
      await pause(Math.max(everyMs, (performance.now() - begunAt) * restShare), stop)
    }
  }
}
