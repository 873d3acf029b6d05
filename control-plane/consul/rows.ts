import { mostRowBytes, tooLarge } from './bounds.ts'

const quote = 34
const backslash = 92
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

/**
 * Cuts a JSON array, as it comes in pieces, into its elements, and parses each alone. A list of ten thousand records is never one
 * text, and parsing it never holds up the event loop. Elements must be objects or arrays.
 */
export class Rows {
  #kept: Buffer = Buffer.alloc(0)
  #depth = 0
  #inText = false
  #escaped = false

  /** The elements that are complete with this piece. Throws where one of them is too large to be kept. */
  push(piece: Buffer): unknown[] {
    const rows: unknown[] = []
    // Where the element under way starts in `piece`; -1: between elements. One that began earlier is in #kept.
    let start = this.#depth > 1 ? 0 : -1
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] ?? 0
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false
        else if (byte === backslash) this.#escaped = true
        else if (byte === quote) this.#inText = false
      } else if (byte === quote) this.#inText = true
      else if (byte === openBrace || byte === openBracket) {
        this.#depth += 1
        if (this.#depth === 2) start = at
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1
        if (this.#depth === 1) {
          rows.push(this.#parse(piece.subarray(start, at + 1)))
          start = -1
        }
      }
    }
    if (start >= 0 && this.#kept.length + piece.length - start > mostRowBytes) throw tooLarge()
    if (start >= 0) this.#kept = Buffer.concat([this.#kept, piece.subarray(start)])
    return rows
  }

  /** Throws if the array is not complete. Nothing at all, or `null`, is an empty array. */
  end(): void {
    if (this.#depth !== 0 || this.#inText) throw new SyntaxError('the list ends in the middle')
  }

  #parse(end: Buffer): unknown {
    const text = this.#kept.length === 0 ? end : Buffer.concat([this.#kept, end])
    this.#kept = Buffer.alloc(0)
    return JSON.parse(text.toString('utf8'))
  }
}
