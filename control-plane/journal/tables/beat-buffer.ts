import type { Beat } from '../store.ts'

/** The last sign of life of everything that gave one since the last save. Bounded by the fleet: one entry each. */
export class BeatBuffer {
  #services = new Map<string, number>()
  #nodes = new Map<string, number>()

  service(id: string, at: number): void {
    this.#services.set(id, at)
  }

  node(id: string, at: number): void {
    this.#nodes.set(id, at)
  }

  /** Takes out what is to be saved. */
  take(): { readonly services: readonly Beat[]; readonly nodes: readonly Beat[] } {
    const taken = { services: [...this.#services], nodes: [...this.#nodes] }
    this.#services = new Map()
    this.#nodes = new Map()
    return taken
  }
}
