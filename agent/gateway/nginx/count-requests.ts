import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { Counted } from '#shared/protocol/traffic.ts'
import { FollowedLog } from './follow-log.ts'
import { Tally } from './tally-log.ts'

export type CountingParts = {
  /** Answers false where nobody hears it: then it is told again. */
  readonly send: (counted: Counted) => boolean
  readonly log: Logger
  readonly stop: AbortSignal
  readonly everyMs?: number
}

type Followed = { readonly path: string; readonly log: FollowedLog; readonly tally: Tally }

const usualMs = 5_000

/** Counts the requests of this node's gateways in their access logs, and tells the plane what has come. */
export class RequestCounts implements AsyncDisposable {
  readonly #parts: CountingParts
  readonly #followed = new Map<string, Followed>()
  readonly #ended: Promise<void>

  constructor(parts: CountingParts) {
    this.#parts = parts
    const { everyMs = usualMs, log, stop } = parts
    const pace = { everyMs, afterFailureMs: () => everyMs }
    this.#ended = repeat(() => this.#look(), pace, warn(log, 'counting of requests'), stop)
  }

  /** Follows the access log of a gateway from now on; undefined: it has none. */
  async follow(gateway: string, path: string | undefined): Promise<void> {
    const before = this.#followed.get(gateway)
    if (before?.path === path) return
    this.#followed.delete(gateway)
    if (path !== undefined) {
      const log = new FollowedLog(path)
      this.#followed.set(gateway, { path, log, tally: new Tally() })
      // What stands in it already is not of now.
      await log.read(() => {})
    }
    await before?.log[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ended
    for (const { log } of this.#followed.values()) await log[Symbol.asyncDispose]()
  }

  async #look(): Promise<void> {
    for (const [gateway, { log, tally }] of [...this.#followed]) {
      const readable = await log.read((line) => tally.add(line))
      // What cannot be read is unknown, not nothing.
      if (!readable && tally.routes.length === 0) continue
      const { routes, services } = tally
      if (this.#parts.send({ type: 'counted', gateway, routes, services })) tally.clear()
    }
  }
}
