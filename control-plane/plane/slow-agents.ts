import * as z from 'zod/mini'
import type { Together } from './together.ts'

/** An agent whose own event loop lags so much is not well. */
const slowFromMs = 500

/** The agents that lag too much, whichever plane hears them. Hardly any does: only those are told to the other planes. */
export class SlowAgents {
  readonly #together: Pick<Together, 'tell' | 'onFact'>
  readonly #lags = new Map<string, number>()

  constructor(together: Pick<Together, 'tell' | 'onFact'>) {
    this.#together = together
    together.onFact('slow', z.number(), (node, lagMs) => this.#set(node, lagMs))
  }

  /** In milliseconds; undefined: it does not lag, as far as is known. */
  of(node: string): number | undefined {
    return this.#lags.get(node)
  }

  heard(node: string, lagMs: number | undefined): void {
    if (lagMs === undefined) return
    const lag = lagMs >= slowFromMs ? Math.round(lagMs) : undefined
    if (lag === undefined && !this.#lags.has(node)) return
    this.#set(node, lag)
    this.#together.tell('slow', node, lag)
  }

  /** Its session here has ended. */
  ended(node: string): void {
    if (this.#lags.has(node)) this.heard(node, 0)
  }

  #set(node: string, lagMs: number | undefined): void {
    if (lagMs === undefined) this.#lags.delete(node)
    else this.#lags.set(node, lagMs)
  }
}
