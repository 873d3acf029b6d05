import { createHash } from 'node:crypto'
import type { DiscoveredView } from '#shared/protocol/discovery-list.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Lead } from './merge.ts'
import { discoveredView } from './views.ts'

/** An entry as clients see it, as JSON, and a digest of that. */
export type Entry = { readonly view: DiscoveredView; readonly text: string; readonly digest: string }

/** Entries that are kept: some 20 MB. */
const usuallyKept = 20_000

/** Entries of the merged list. Of a hundred instances of a service one changes at a time: the others are not made anew for it. */
export class EntryTexts {
  readonly #fleet: FleetView
  readonly #most: number
  readonly #kept = new Map<string, Entry>()

  constructor(fleet: FleetView, most = usuallyKept) {
    this.#fleet = fleet
    this.#most = most
  }

  /** Undefined: it is not there any more. */
  of(lead: Lead): Entry | undefined {
    const known = this.#kept.get(lead.id)
    if (known) return known
    const view = discoveredView(lead, this.#fleet)
    if (!view) return undefined
    const text = JSON.stringify(view)
    const entry = { view, text, digest: createHash('sha256').update(text).digest('base64url').slice(0, 22) }
    // What speaks for a foreign record changes with that one, too.
    if (lead.kind === 'instance' && view.datacenters.length === 0) this.#keep(lead.id, entry)
    return entry
  }

  /**
   * To be told of each change of the fleet, before entries are asked for again.
   * @param moved something came, went or moved: somebody else may speak now for what others registered there
   */
  changed(instances: Iterable<string>, moved: boolean): void {
    if (moved && this.#fleet.foreign.size > 0) this.#kept.clear()
    for (const id of instances) this.#kept.delete(id)
  }

  #keep(id: string, entry: Entry): void {
    this.#kept.set(id, entry)
    if (this.#kept.size <= this.#most) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}
