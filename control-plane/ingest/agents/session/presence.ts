import { forgive, type Sign } from '../contact/contact.ts'

type Entry = { sign: Sign; incarnation: number; highest: number }

/** When the plane heard which node, and how far it has read its reports. Times in milliseconds of a monotonic clock. */
export class Presence {
  readonly #entries = new Map<string, Entry>()

  /** Undefined: the node has had no session with this plane. */
  sign(node: string): Sign | undefined {
    return this.#entries.get(node)?.sign
  }

  arrived(node: string, session: string, incarnation: number, now: number): void {
    const known = this.#entries.get(node)
    const highest = known?.incarnation === incarnation ? known.highest : 0
    this.#entries.set(node, { sign: { kind: 'live', session, heardAt: now }, incarnation, highest })
  }

  heard(node: string, now: number): void {
    const entry = this.#entries.get(node)
    if (entry?.sign.kind === 'live') entry.sign = { kind: 'live', session: entry.sign.session, heardAt: now }
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
  }

  forget(node: string): void {
    this.#entries.delete(node)
  }
}
