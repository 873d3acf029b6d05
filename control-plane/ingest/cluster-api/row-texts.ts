import type { FleetView } from '../../fleet/fleet.ts'
import { isoTime, rowOf } from './row.ts'

/** Rows that are kept as text: some 20 MB. */
const usuallyKept = 20_000

/** A row's text before and after the one value that changes with each sign of life, and the whole of it as it was asked for last. */
type Kept = { readonly before: string; readonly after: string; heardAt: number | undefined; text: string }

const placeholder = '"last_heartbeat":null'

/**
 * Rows of the registry API as JSON. Lists are asked for often and change little: a row is made anew only when the fleet says that what it
 * shows may have changed. Follows the fleet until closed.
 */
export class RowTexts implements Disposable {
  readonly #fleet: FleetView
  readonly #most: number
  readonly #kept = new Map<string, Kept>()
  readonly #unwatch: () => void

  constructor(fleet: FleetView, most = usuallyKept) {
    this.#fleet = fleet
    this.#most = most
    this.#unwatch = fleet.watch(({ instances }) => {
      for (const id of instances) this.#kept.delete(id)
    })
  }

  /**
   * Undefined: it is not there.
   * @param heardAt epoch milliseconds
   */
  of(id: string, heardAt: number | undefined): string | undefined {
    const kept = this.#kept.get(id) ?? this.#make(id)
    if (!kept || kept.heardAt === heardAt) return kept?.text
    const heard = heardAt === undefined ? placeholder : `"last_heartbeat":"${isoTime(heardAt)}"`
    kept.text = `${kept.before}${heard}${kept.after}`
    kept.heardAt = heardAt
    return kept.text
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #make(id: string): Kept | undefined {
    const instance = this.#fleet.instances.get(id)
    const standing = this.#fleet.standing(id)
    if (!instance || !standing) return undefined
    const text = JSON.stringify(rowOf(instance, standing, this.#fleet.nodes.get(instance.node), undefined))
    // What a client registered may hold the same words, but stands before them.
    const at = text.lastIndexOf(placeholder)
    const kept = { before: text.slice(0, at), after: text.slice(at + placeholder.length), heardAt: undefined, text }
    this.#kept.set(id, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest)
    return kept
  }
}
