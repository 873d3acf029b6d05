import { forgive, type Sign } from '../contact/contact.ts'

type Entry = { sign: Sign; incarnation: number; highest: number }

/** When a node was heard last. */
type Word = { node: string; at: number }

/** When the plane heard which node, and how far it has read its reports. Times in milliseconds of a monotonic clock. */
export class Presence {
  readonly #entries = new Map<string, Entry>()
  /** The newest word of all, and that of another node before it. */
  #last: Word = { node: '', at: Number.NEGATIVE_INFINITY }
  #before: Word = { node: '', at: Number.NEGATIVE_INFINITY }

  /** Undefined: the node has had no session with this plane. */
  sign(node: string): Sign | undefined {
    return this.#entries.get(node)?.sign
  }

  /** When a node was heard last that is not this one; minus infinity: none was. */
  heardBesides(node: string): number {
    return this.#last.node === node ? this.#before.at : this.#last.at
  }

  arrived(node: string, session: string, incarnation: number, now: number): void {
    this.#hasWord(node, now)
    const known = this.#entries.get(node)
    const highest = known?.incarnation === incarnation ? known.highest : 0
    this.#entries.set(node, { sign: { kind: 'live', session, heardAt: now }, incarnation, highest })
  }

  heard(node: string, now: number): void {
    const entry = this.#entries.get(node)
    if (entry?.sign.kind !== 'live') return
    this.#hasWord(node, now)
    entry.sign = { kind: 'live', session: entry.sign.session, heardAt: now }
  }

  gone(node: string, goodbye: boolean, now: number): void {
    const entry = this.#entries.get(node)
    if (entry) entry.sign = { kind: 'gone', since: now, goodbye }
  }

  /** Whether a report of this sequence is newer than all that were read of this start of the agent; it counts as read then. */
  isNews(node: string, sequence: number): boolean {
    const entry = this.#entries.get(node)
    if (!entry || sequence <= entry.highest) return false
    entry.highest = sequence
    return true
  }

  /** The plane itself stood still for so long. */
  forgive(pausedMs: number, now: number): void {
    for (const entry of this.#entries.values()) entry.sign = forgive(entry.sign, pausedMs, now)
    for (const word of [this.#last, this.#before]) word.at = Math.min(now, word.at + pausedMs)
  }

  forget(node: string): void {
    this.#entries.delete(node)
  }

  #hasWord(node: string, now: number): void {
    if (this.#last.node !== node) {
      // Both are kept and written over: it happens with every message.
      const former = this.#before
      this.#before = this.#last
      this.#last = former
      former.node = node
    }
    this.#last.at = now
  }
}
