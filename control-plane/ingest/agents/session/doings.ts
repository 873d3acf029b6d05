import type { Doing } from '#shared/protocol/orders.ts'

/** What each agent said last that it does. Nothing of it is kept: agents say it again with each session. */
export class Doings {
  readonly #said = new Map<string, { readonly doing: Doing; readonly at: number }>()

  /** @param at epoch milliseconds */
  heard(node: string, doing: Doing, at: number): void {
    this.#said.set(node, { doing, at })
  }

  of(node: string): { readonly doing: Doing; readonly at: number } | undefined {
    return this.#said.get(node)
  }

  /** Of a node that is no more, or whose agent is another one now. */
  forget(node: string): void {
    this.#said.delete(node)
  }
}
