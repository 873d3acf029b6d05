// The part of protobuf's wire format that the hot path writes: varints, texts and messages, each after its field's tag.

const lengthDelimited = 2

/** How many bytes `value` takes as a varint; 0 to 2^32 - 1. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

/** How many bytes a field takes whose content has `size` bytes; field numbers below 16. */
export function fieldSize(size: number): number {
  return 1 + varintSize(size) + size
}

/** Writes into a buffer of the size that was reckoned before. Field numbers below 16. */
export class WireWriter {
  readonly buffer: Buffer
  #at = 0

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size)
  }

  varint(value: number): this {
    let rest = value
    while (rest >= 0x80) {
      this.buffer[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.#at++] = rest
    return this
  }

  /** The start of a field whose content of `size` bytes is written next. */
  open(field: number, size: number): this {
    this.buffer[this.#at++] = (field << 3) | lengthDelimited
    return this.varint(size)
  }

  number(field: number, value: number): this {
    this.buffer[this.#at++] = field << 3
    return this.varint(value)
  }

  /** @param size the bytes of `text` in UTF-8 */
  text(field: number, text: string, size: number): this {
    this.open(field, size)
    this.#at += this.buffer.write(text, this.#at, 'utf8')
    return this
  }

  bytes(content: Uint8Array): this {
    this.buffer.set(content, this.#at)
    this.#at += content.length
    return this
  }
}
