import type { Board, Subject } from './board.ts'
import type { Told } from './messages.ts'

/** Items of one message at most. */
const mostAtOnce = 1_000

/**
 * What one peer has not been told yet. Of facts only which ones: what is told is the newest value, however slow the peer is. Of events the
 * newest `mostEvents`; what was beyond is counted.
 */
export class Untold {
  readonly #board: Board
  readonly #mostEvents: number
  readonly #facts = new Map<string, Subject>()
  #events: (readonly [kind: string, value: unknown])[] = []
  #dropped = 0

  constructor(board: Board, mostEvents: number) {
    this.#board = board
    this.#mostEvents = mostEvents
  }

  get empty(): boolean {
    return this.#facts.size === 0 && this.#events.length === 0
  }

  /** Events that the peer was not told of. */
  get dropped(): number {
    return this.#dropped
  }

  fact(subject: Subject): void {
    this.#facts.set(`${subject.kind}\n${subject.key}`, subject)
  }

  event(kind: string, value: unknown): void {
    this.#events.push([kind, value])
    if (this.#events.length < this.#mostEvents * 2) return
    this.#dropped += this.#events.length - this.#mostEvents
    this.#events = this.#events.slice(-this.#mostEvents)
  }

  /** Everything that there is; events of before are for nobody. */
  everything(): void {
    this.#events = []
    for (const subject of this.#board.subjects()) this.fact(subject)
  }

  /** The next part, in an order in which no event overtakes a fact that came before it. */
  take(): Pick<Told, 'facts' | 'events'> {
    const facts: [string, string, unknown][] = []
    for (const [id, subject] of this.#facts) {
      if (facts.length >= mostAtOnce) break
      this.#facts.delete(id)
      facts.push([subject.kind, subject.key, this.#board.get(subject) ?? null])
    }
    const room = this.#facts.size > 0 ? 0 : mostAtOnce - facts.length
    return { facts, events: this.#events.splice(0, room).map(([kind, value]) => [kind, value]) }
  }
}
