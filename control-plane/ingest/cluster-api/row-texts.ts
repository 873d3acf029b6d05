import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import type { Standing } from '../../fleet/routable.ts'
import { isoTime, rowOf } from './row.ts'

/** Rows that are kept as text: some 20 MB. */
const usuallyKept = 20_000

/** What a row was made of, and its text before and after the one value that changes with each sign of life. */
type Kept = {
  readonly instance: InstanceBelief
  readonly node: NodeBelief | undefined
  readonly standing: Standing
  readonly before: string
  readonly after: string
}

const placeholder = '"last_heartbeat":null'

/** Rows of the registry API as JSON. Lists are asked for often and change little: a row is made anew only when what it shows does. */
export class RowTexts {
  readonly #most: number
  readonly #kept = new Map<string, Kept>()

  constructor(most = usuallyKept) {
    this.#most = most
  }

  /** @param heardAt epoch milliseconds */
  of(instance: InstanceBelief, standing: Standing, node: NodeBelief | undefined, heardAt: number | undefined): string {
    const { id } = instance.spec
    const known = this.#kept.get(id)
    const isCurrent = known?.instance === instance && known.node === node && sameStanding(known.standing, standing)
    const { before, after } = isCurrent ? known : this.#make(id, instance, standing, node)
    return heardAt === undefined
      ? `${before}${placeholder}${after}`
      : `${before}"last_heartbeat":"${isoTime(heardAt)}"${after}`
  }

  #make(id: string, instance: InstanceBelief, standing: Standing, node: NodeBelief | undefined): Kept {
    const text = JSON.stringify(rowOf(instance, standing, node, undefined))
    // What a client registered may hold the same words, but stands before them.
    const at = text.lastIndexOf(placeholder)
    const kept = { instance, node, standing, before: text.slice(0, at), after: text.slice(at + placeholder.length) }
    this.#kept.delete(id)
    this.#kept.set(id, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest)
    return kept
  }
}

function sameStanding(a: Standing, b: Standing): boolean {
  return a.status === b.status && a.health === b.health && a.reason.code === b.reason.code
}
