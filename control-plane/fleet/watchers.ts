import type { FleetChange, FleetWatcher } from './view.ts'

/** Who is told of changes: each one of every change, and in their order, also of one that is made while another is being told. */
export class Watchers {
  readonly #onFault: (error: unknown) => void
  readonly #watchers = new Set<FleetWatcher>()
  /** Changes that are being told, oldest first. */
  readonly #untold: FleetChange[] = []

  /** @param onFault hears of a watcher that threw; without it the fault becomes an uncaught exception */
  constructor(onFault: (error: unknown) => void = uncaught) {
    this.#onFault = onFault
  }

  /** Returns how to stop. */
  add(watcher: FleetWatcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  tell(change: FleetChange): void {
    this.#untold.push(change)
    // A watcher made this one: those after it in the row hear of the first one first.
    if (this.#untold.length > 1) return
    for (let next = this.#untold[0]; next; next = this.#untold[0]) {
      for (const watcher of [...this.#watchers]) {
        if (!this.#watchers.has(watcher)) continue
        try {
          watcher(next)
        } catch (error) {
          // The change has happened, and the other watchers must hear of it.
          this.#onFault(error)
        }
      }
      this.#untold.shift()
    }
  }
}

function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
