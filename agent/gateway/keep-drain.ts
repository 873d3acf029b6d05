import { readFile, rm, stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { explainError } from '#shared/failure/failure.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { DrainState } from '#shared/protocol/orders.ts'
import { byHand, type DrainOrder, drainStateOf, drainText, readDrainText, sameDrain } from './drain-order.ts'
import type { DrainingProxy } from './proxy.ts'

export type DrainParts = {
  /** The order is kept there; for Nginx that it is there is the order itself. */
  readonly file: string
  /** How long the balancers in front may take to see that the health path fails, in milliseconds. */
  readonly noticeMs: number
  /** Whether what the proxy serves is what it should serve, as far as it can be had. */
  readonly isSettled: () => boolean
  readonly onChange: (state: DrainState) => void
  readonly log: Logger
}

const drainingEveryMs = 250
/** An order by hand is noticed after so long. */
const servingEveryMs = 1_000

/**
 * Has one gateway drain while it is ordered: its health path fails, so that balancers in front send nothing more, and whatever comes all the
 * same is answered, with word that its connection ends. Nothing is cut off, so it can be taken back at any time; whoever ends or replaces
 * the proxy does so when it is drained. The order is on disk and holds for the proxy and the agent that start next.
 */
export class Drain {
  readonly #parts: DrainParts
  readonly #wake = new Wake()
  #wanted: { readonly order: DrainOrder | undefined } | undefined
  #state: DrainState = { state: 'serving' }
  #known: DrainOrder | undefined

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  get state(): DrainState {
    return this.#state
  }

  /** What the plane wants; undefined: it shall serve. */
  want(order: DrainOrder | undefined): void {
    this.#wanted = { order }
    this.#wake.ring()
  }

  async run(proxy: DrainingProxy, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        this.#become(await this.#tend(proxy))
      } catch (error) {
        if (stop.aborted) return
        this.#become({ state: 'failing', why: explainError(error).slice(0, 500) })
      }
      await this.#wake.next(this.#state.state === 'serving' ? servingEveryMs : drainingEveryMs, stop)
    }
  }

  async #tend(proxy: DrainingProxy): Promise<DrainState> {
    const { noticeMs, isSettled } = this.#parts
    const order = await this.#ordered()
    this.#known ??= order
    if (order) {
      this.#known = order
      await proxy.drain(true)
      return drainStateOf(Date.now() - order.since, noticeMs, await proxy.underWay())
    }
    if (!this.#known) return { state: 'serving' }
    if (!isSettled()) {
      await proxy.drain(true)
      return { state: 'returning', why: 'its newest set is not proven yet' }
    }
    // The file goes last: should this be interrupted, it drains until somebody says otherwise, and not by half.
    await proxy.drain(false)
    await rm(this.#parts.file, { force: true })
    this.#known = undefined
    return { state: 'serving' }
  }

  /** The order that holds now: the plane's newest word, or what is on disk, until its time is over. */
  async #ordered(): Promise<DrainOrder | undefined> {
    const { file } = this.#parts
    const kept = await readKept(file)
    this.#known ??= kept
    const wanted = this.#wanted
    const settled = () => {
      if (this.#wanted === wanted) this.#wanted = undefined
    }
    if (wanted?.order) {
      const next = sameDrain(wanted.order, kept) && kept ? { ...kept, until: wanted.order.until } : wanted.order
      if (!isDeepStrictEqual(next, kept)) await replaceFile(file, drainText(next), { mode: 0o644 })
      settled()
      return next
    }
    if (wanted) {
      // Until the file is gone. One that was made by hand goes by hand.
      if (kept && kept.by !== byHand) return undefined
      settled()
    }
    return kept && (kept.until === null || Date.now() < kept.until) ? kept : undefined
  }

  #become(next: DrainState): void {
    const before = this.#state
    if (isDeepStrictEqual(before, next)) return
    this.#state = next
    const { log, onChange } = this.#parts
    if (before.state !== next.state || before.why !== next.why) {
      log[next.state === 'failing' ? 'error' : 'info']({ drain: next }, 'drain')
    }
    onChange(next)
  }
}

async function readKept(file: string): Promise<DrainOrder | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)])
    return readDrainText(text, mtimeMs)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
