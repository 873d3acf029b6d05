import type { FleetView } from '../fleet/fleet.ts'

type Kind = 'nodes' | 'instances'

/** The ids of the fleet in order. Sorted again only after one came or went. */
export class SortedIds implements Disposable {
  readonly #fleet: FleetView
  readonly #sorted = new Map<Kind, { readonly ids: readonly string[]; readonly known: ReadonlySet<string> }>()
  readonly #unwatch: () => void

  constructor(fleet: FleetView) {
    this.#fleet = fleet
    this.#unwatch = fleet.watch((change) => {
      for (const kind of ['nodes', 'instances'] as const) {
        const known = this.#sorted.get(kind)?.known
        for (const id of known ? change[kind] : []) {
          if (known?.has(id) === fleet[kind].has(id)) continue
          this.#sorted.delete(kind)
          break
        }
      }
    })
  }

  get(kind: Kind): readonly string[] {
    // Until it is complete it grows without a word to anyone.
    if (!this.#fleet.complete) return [...this.#fleet[kind].keys()].sort()
    const kept = this.#sorted.get(kind)
    if (kept) return kept.ids
    const ids = [...this.#fleet[kind].keys()].sort()
    this.#sorted.set(kind, { ids, known: new Set(ids) })
    return ids
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }
}
