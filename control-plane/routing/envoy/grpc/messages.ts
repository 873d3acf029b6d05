/** What stands before each message of a gRPC stream: whether it is compressed, and its size. */
export const prefixSize = 5

/** Writes the prefix of a message that is not compressed, at the start of `bytes`. */
export function writePrefix(bytes: Buffer): void {
  bytes.writeUInt8(0, 0)
  bytes.writeUInt32BE(bytes.length - prefixSize, 1)
}

/** Takes the bytes of a gRPC stream, however they are cut, apart into its messages. */
export class MessageReader {
  readonly #most: number
  readonly #onMessage: (message: Buffer) => void
  /** What is kept for its rest, with room for more of it: pieces of a byte each must not cost a buffer each. */
  #room = noRoom
  #size = 0
  #wanted = prefixSize

  /**
   * @param most bytes of one message
   * @param onMessage is given bytes that are good only until it returns
   */
  constructor(most: number, onMessage: (message: Buffer) => void) {
    this.#most = most
    this.#onMessage = onMessage
  }

  /** Bytes that are held for what is not whole; 0: nothing is. */
  get kept(): number {
    return this.#room.length
  }

  /** Lets go of what is not whole; nothing is read after it. */
  end(): void {
    this.#room = noRoom
    this.#size = 0
  }

  /** Answers why a message is not taken: then nothing that follows can be read. Undefined: all of them are. */
  read(chunk: Buffer): string | undefined {
    let bytes = chunk
    if (this.#size > 0) {
      this.#keep(chunk)
      if (this.#size < this.#wanted) return undefined
      bytes = this.#room.subarray(0, this.#size)
      this.end()
    }
    let at = 0
    this.#wanted = prefixSize
    while (bytes.length - at >= prefixSize) {
      if (bytes[at] !== 0) return 'compressed messages are not taken'
      const size = bytes.readUInt32BE(at + 1)
      if (size > this.#most) return `a message of ${size} bytes is not taken; the most is ${this.#most}`
      const end = at + prefixSize + size
      if (end > bytes.length) {
        this.#wanted = prefixSize + size
        break
      }
      this.#onMessage(bytes.subarray(at + prefixSize, end))
      at = end
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at))
    return undefined
  }

  #keep(bytes: Buffer): void {
    const size = this.#size + bytes.length
    if (size > this.#room.length) {
      // Never all that is announced, since it may never come. Of a pool it would hold the whole.
      const room = Buffer.allocUnsafeSlow(Math.max(size, leastRoom, Math.min(this.#wanted, 2 * this.#room.length)))
      this.#room.copy(room, 0, 0, this.#size)
      this.#room = room
    }
    // As it is it would hold the whole buffer that the network was read into.
    bytes.copy(this.#room, this.#size)
    this.#size = size
  }
}

const noRoom = Buffer.alloc(0)
const leastRoom = 256
