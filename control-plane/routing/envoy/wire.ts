// The part of protobuf's wire format that the hot path writes and reads: varints, texts and messages, each after its field's tag.

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
  #at: number

  /** @param from where to begin, if something else comes before */
  constructor(size: number, from = 0) {
    this.buffer = Buffer.allocUnsafe(size)
    this.#at = from
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

/**
 * Reads a message field by field. Throws on bytes that are none.
 *
 *     for (let field = reader.next(); field !== 0; field = reader.next()) …
 */
export class WireReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number
  /** Where the content of the present field begins and ends; a number has none. */
  #from = 0
  #to = 0

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
  }

  /** The number of the next field; 0: there is none. */
  next(): number {
    if (this.#at === this.#end) return 0
    const tag = this.#varint()
    this.#from = this.#at
    this.#to = this.#at
    switch (tag & 7) {
      case 0:
        this.#varint()
        break
      case 1:
        this.#at += 8
        break
      case lengthDelimited: {
        const size = this.#varint()
        this.#from = this.#at
        this.#at += size
        this.#to = this.#at
        break
      }
      case 5:
        this.#at += 4
        break
      default:
        throw new Error(`a field of wire type ${tag & 7} is none`)
    }
    if (this.#at > this.#end) throw new Error('the message ends within a field')
    const field = tag >>> 3
    if (field === 0) throw new Error('a field has the number 0')
    return field
  }

  text(): string {
    return this.#bytes.toString('utf8', this.#from, this.#to)
  }

  message(): WireReader {
    return new WireReader(this.#bytes, this.#from, this.#to)
  }

  /** Of larger numbers than 2^32 - 1 the lower bits. */
  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined
      if (byte === undefined) throw new Error('the message ends within a number')
      this.#at += 1
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new Error('a number is too long')
  }
}
