import type { Attachment } from '../../../fleet/belief.ts'
import type { Sign } from './contact.ts'

/** What is known of the planes that share the store with this one; main hands it over. */
export type OtherPlanes = {
  /** Whether it lives, and so watches the nodes that have a session with it. */
  readonly lives: (replica: string) => boolean
  /** When another plane last heard the agent of a node, by this one's monotonic clock; undefined: none has told. */
  readonly heardAt: (node: string) => number | undefined
  /** Whether this plane judges what nobody else does: nodes of planes that died, holds, deaths. */
  readonly leads: () => boolean
}

export const nobodyElse: OtherPlanes = { lives: () => false, heardAt: () => undefined, leads: () => true }

export type WhereaboutsParts = {
  /** This plane's own name, as attachments carry it. */
  readonly replica: string
  readonly others: OtherPlanes
  /** How long the nodes of a plane that died, this one's former process too, may take to attach to another one. */
  readonly graceMs: number
}

/**
 * Who watches a node, and what this plane has to go by. A node is watched by the plane that it is attached to, as long as that lives; the
 * nodes of a plane that died by the leader, and by nobody else. So of each node one plane at most says that it is suspect.
 */
export class Whereabouts {
  readonly #parts: WhereaboutsParts
  /** Planes that do not live, and since when this one knows. All keep it, so a new leader need not begin anew. */
  readonly #deadSince = new Map<string, number>()
  /** Nodes that have joined and have no session on record yet, and since when. */
  readonly #nowhereSince = new Map<string, number>()

  constructor(parts: WhereaboutsParts) {
    this.#parts = parts
  }

  /**
   * @param attachment the last one that the journal has
   * @param here what this plane itself has seen of the node
   */
  sign(node: string, attachment: Attachment | undefined, here: Sign | undefined, now: number): Sign {
    const { replica, others, graceMs } = this.#parts
    if (attachment || here) this.#nowhereSince.delete(node)
    // A session that just begins is one, though the journal does not have it yet.
    if (here?.kind === 'live') return here
    if (here && (attachment === undefined || attachment.replica === replica)) return here
    if (attachment && others.lives(attachment.replica)) {
      this.#deadSince.delete(attachment.replica)
      return { kind: 'elsewhere', heardAt: others.heardAt(node) }
    }
    const since = attachment
      ? this.#deadSince.getOrInsertComputed(attachment.replica, () => now)
      : this.#nowhereSince.getOrInsertComputed(node, () => now)
    return others.leads() ? { kind: 'awaited', until: since + graceMs } : { kind: 'elsewhere', heardAt: undefined }
  }

  /** This plane itself stood still for so long. */
  forgive(pausedMs: number): void {
    for (const [replica, since] of this.#deadSince) this.#deadSince.set(replica, since + pausedMs)
    for (const [node, since] of this.#nowhereSince) this.#nowhereSince.set(node, since + pausedMs)
  }
}
