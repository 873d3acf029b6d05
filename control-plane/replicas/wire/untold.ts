import type { Board, Subject } from './board.ts'
import { mostMessageBytes } from './messages.ts'

/** Items of one message at most. */
const mostAtOnce = 1_000
/** A message with more than one item is not larger than this. */
const mostTogetherBytes = 1024 * 1024
/** What is around the items of a message. */
const aroundBytes = 200

/**
 * What one peer has not been told yet. Of facts only which ones: what is told is the newest value, however slow the peer is. Of events the
 * newest `mostEvents`; what was beyond is counted. A value that no message can hold is as none: it would end every connection anew.
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

  /** Events that the peer was not told of, and facts too large to be told. */
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

  /** Everything that there is, and no more; events of before are for nobody. */
  everything(): void {
    this.#events = []
    this.#facts.clear()
    for (const subject of this.#board.subjects()) this.fact(subject)
  }

  /**
   * The next part as the text of a message (`Told`), in an order in which no event overtakes a fact that came before it.
   * @param now epoch milliseconds
   */
  take(now: number): string {
    const items = new Items()
    const facts: string[] = []
    for (const [id, { kind, key }] of this.#facts) {
      const text = this.#factText(kind, key)
      if (!items.add(text)) break
      this.#facts.delete(id)
      facts.push(text)
    }
    const events: string[] = []
    let passed = 0
    for (const event of this.#facts.size > 0 ? [] : this.#events) {
      const text = JSON.stringify(event)
      const fits = isTold(text)
      if (fits && !items.add(text)) break
      passed += 1
      if (fits) events.push(text)
      else this.#dropped += 1
    }
    this.#events.splice(0, passed)
    return `{"type":"told","now":${now},"facts":[${facts.join()}],"events":[${events.join()}]}`
  }

  #factText(kind: string, key: string): string {
    const text = JSON.stringify([kind, key, this.#board.get({ kind, key }) ?? null])
    if (isTold(text)) return text
    this.#dropped += 1
    return JSON.stringify([kind, key, null])
  }
}

/** How much there is in a message. */
class Items {
  #count = 0
  #bytes = 0

  /** False: it is for the next message. The first one always fits. */
  add(text: string): boolean {
    const bytes = Buffer.byteLength(text) + 1
    if (this.#count > 0 && (this.#count >= mostAtOnce || this.#bytes + bytes > mostTogetherBytes)) return false
    this.#count += 1
    this.#bytes += bytes
    return true
  }
}

function isTold(text: string): boolean {
  // Few are so long that their bytes have to be counted.
  return text.length * 3 < mostMessageBytes - aroundBytes || Buffer.byteLength(text) < mostMessageBytes - aroundBytes
}
