import { longestWaitMs, pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Restarted, RestartOrder, RestartOutcome } from '#shared/protocol/orders.ts'
import type { OrdersConfig, Restartable } from './config.ts'
import { type Entry, entryOf, interrupted, type Ledger, withEntry } from './ledger.ts'

export type RestartsParts = {
  /** As it was on disk. */
  readonly ledger: Ledger
  /** It could not be read: what the first message asks for may have been run. */
  readonly lost: boolean
  readonly keep: (ledger: Ledger) => Promise<void>
  /** What this host allows, now. */
  readonly allowed: () => OrdersConfig
  readonly run: (what: Restartable, systemctl: string, stop: AbortSignal) => Promise<RestartOutcome>
  readonly send: (message: Restarted) => boolean
  /** It has begun or ended to run something. */
  readonly onChange: () => void
  readonly stop: AbortSignal
  readonly log: Logger
}

type Waiting = {
  readonly order: RestartOrder
  /** By the monotonic clock. */
  readonly until: number
  /** It may have been run before. */
  readonly doubtful: boolean
}

/** How long an id is remembered after its order has expired. */
const rememberedMs = 24 * 3_600_000
const sayAgainMs = 15_000
const keepAgainMs = 2_000

/**
 * Runs what is ordered to be restarted: each id at most once, also over starts of the agent, one at a time. An id is on disk before it
 * is run, its outcome afterwards; the outcome is told until the order is desired no more.
 */
export class Restarts implements AsyncDisposable {
  readonly #parts: RestartsParts
  #ledger: Ledger
  #lost: boolean
  #desired: ReadonlySet<string> = new Set()
  #waiting = new Map<string, Waiting>()
  #running: { readonly id: string; readonly name: string } | undefined
  #working: Promise<void> | undefined
  readonly #saying: NodeJS.Timeout

  constructor(parts: RestartsParts) {
    this.#parts = parts
    this.#ledger = interrupted(parts.ledger)
    this.#lost = parts.lost
    this.#saying = setInterval(() => this.tellAgain(), sayAgainMs)
    this.#saying.unref()
  }

  /** The name of what is being restarted now. */
  get running(): string | undefined {
    return this.#running?.name
  }

  /** What is desired now. An order that is desired no more is not begun. */
  want(orders: Readonly<Record<string, RestartOrder>>): void {
    const now = performance.now()
    this.#desired = new Set(Object.keys(orders))
    const waiting = new Map<string, Waiting>()
    for (const [id, order] of Object.entries(orders)) {
      if (entryOf(this.#ledger, id)) this.#tell(id)
      else if (this.#running?.id !== id) {
        // What was said earlier counts from then on.
        const known = this.#waiting.get(id)
        const until = Math.min(known?.until ?? Number.POSITIVE_INFINITY, now + (order.leftMs ?? longestWaitMs))
        waiting.set(id, { order, until, doubtful: known?.doubtful ?? this.#lost })
      }
    }
    this.#waiting = waiting
    this.#lost = false
    if (!this.#working && waiting.size > 0) this.#working = this.#work()
  }

  /** Tells every outcome that is still waited for. */
  tellAgain(): void {
    for (const id of this.#desired) this.#tell(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#saying)
    await this.#working
  }

  #tell(id: string): void {
    const outcome = entryOf(this.#ledger, id)?.outcome
    if (outcome) this.#parts.send({ type: 'restarted', id, outcome })
  }

  async #work(): Promise<void> {
    const { stop, log } = this.#parts
    for (let next = this.#next(); next && !stop.aborted; next = this.#next()) {
      const [id, waiting] = next
      try {
        await this.#handle(id, waiting)
        this.#waiting.delete(id)
      } catch (err) {
        log.error({ err, restart: id }, 'a restart order could not be kept on disk; it is not run until it can')
        await pause(keepAgainMs, stop)
      }
    }
    // In the same turn as the last look, so that nothing that comes is overlooked.
    this.#working = undefined
  }

  #next(): [string, Waiting] | undefined {
    for (const next of this.#waiting) return next
    return undefined
  }

  async #handle(id: string, { order, until, doubtful }: Waiting): Promise<void> {
    const { allowed, run, stop, log, onChange } = this.#parts
    const { name, by, reason, leftMs = 0 } = order
    const { restart, systemctl } = allowed()
    const what = restart.find((each) => each.name === name)
    const entry: Entry = { id, name, outcome: null, keepUntil: Date.now() + Math.max(0, leftMs) + rememberedMs }
    const refusal = doubtful
      ? 'whether it was run is not known: the list of what was run could not be read'
      : performance.now() >= until
        ? 'it expired before it was begun'
        : what === undefined
          ? `this host does not allow to restart ${name}`
          : undefined
    const next = withEntry(this.#ledger, entry, (each) => this.#desired.has(each), Date.now())
    if (refusal !== undefined || what === undefined || next === undefined) {
      const why = refusal ?? 'too many orders are remembered; try again later'
      const outcome: RestartOutcome = { state: 'refused', why, output: '', tookMs: 0 }
      log.warn({ restart: id, name, by, reason, why }, 'a restart is refused')
      if (next) await this.#put({ ...entry, outcome })
      else this.#parts.send({ type: 'restarted', id, outcome })
      return
    }
    await this.#put(entry)
    log.warn({ restart: id, name, by, reason }, 'a restart is run by order')
    this.#running = { id, name }
    onChange()
    const outcome = await run(what, systemctl, stop)
    this.#running = undefined
    log.warn({ restart: id, name, state: outcome.state, code: outcome.code, why: outcome.why }, 'a restart has ended')
    onChange()
    // An end that cannot be written down is told all the same; after a start it counts as interrupted.
    await this.#put({ ...entry, outcome }).catch((err: unknown) =>
      log.error({ err, restart: id }, 'the end of a restart could not be kept on disk'),
    )
  }

  /** On disk first. What ended is known from then on, even if the disk is not there. */
  async #put(entry: Entry): Promise<void> {
    const next = withEntry(this.#ledger, entry, (each) => this.#desired.has(each), Date.now()) ?? this.#ledger
    try {
      await this.#parts.keep(next)
      this.#ledger = next
    } catch (error) {
      if (entryOf(this.#ledger, entry.id)) this.#ledger = next
      throw error
    } finally {
      if (this.#desired.has(entry.id)) this.#tell(entry.id)
    }
  }
}
