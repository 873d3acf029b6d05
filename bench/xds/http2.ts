import { connect, type Socket } from 'node:net'

// As much of HTTP/2 as one gRPC stream on a connection of its own takes (RFC 9113). A full client would take longer to read an answer than a
// server takes to send it, and that is what is measured.

const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const
const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const
const headSize = 9
/** What a server takes in one frame unless it says otherwise. */
const mostInFrame = 16_384
const initialWindowSize = 4
const largestWindow = 2 ** 31 - 1
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** One gRPC stream in both directions: whole messages in, whole messages out. */
export class GrpcStream implements Disposable {
  readonly #socket: Socket
  readonly #onMessage: (message: Buffer) => void
  readonly #onEnd: (why: string) => void
  #rest: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #partsSize = 0
  #ended = false

  constructor(port: number, path: string, onMessage: (message: Buffer) => void, onEnd: (why: string) => void) {
    this.#onMessage = onMessage
    this.#onEnd = onEnd
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const settings = Buffer.alloc(6)
    settings.writeUInt16BE(initialWindowSize)
    settings.writeUInt32BE(largestWindow, 2)
    const wider = Buffer.alloc(4)
    wider.writeUInt32BE(largestWindow - 65_535)
    this.#socket.write(
      Buffer.concat([
        Buffer.from(preface),
        toFrame(frame.settings, 0, 0, settings),
        toFrame(frame.windowUpdate, 0, 0, wider),
        toFrame(frame.headers, flag.endHeaders, 1, headerBlock(path, `127.0.0.1:${port}`)),
      ]),
    )
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#end(error.message))
    this.#socket.on('close', () => this.#end('the connection was closed'))
  }

  /** @param message what an Envoy says is small: nobody waits here for the server to have room for it */
  send(message: Buffer): void {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    const content = Buffer.concat([head, message])
    for (let at = 0; at < content.length; at += mostInFrame) {
      this.#socket.write(toFrame(frame.data, 0, 1, content.subarray(at, at + mostInFrame)))
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#socket.destroy()
  }

  #end(why: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.destroy()
    this.#onEnd(why)
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= headSize) {
      const size = bytes.readUIntBE(at, 3)
      const next = at + headSize + size
      if (next > bytes.length) break
      this.#frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.subarray(at + headSize, next))
      at = next
    }
    this.#rest = bytes.subarray(at)
  }

  #frame(type: number, flags: number, content: Buffer): void {
    switch (type) {
      case frame.data:
        this.#data(content)
        break
      case frame.settings:
        if (!(flags & flag.ack)) this.#socket.write(toFrame(frame.settings, flag.ack, 0, Buffer.alloc(0)))
        break
      case frame.ping:
        if (!(flags & flag.ack)) this.#socket.write(toFrame(frame.ping, flag.ack, 0, content))
        break
      case frame.headers:
        if (flags & flag.endStream) this.#end('the server ended the stream')
        break
      case frame.reset:
      case frame.goAway:
        this.#end('the server gave the stream up')
        break
    }
  }

  #data(content: Buffer): void {
    this.#parts.push(content)
    this.#partsSize += content.length
    for (;;) {
      if (this.#partsSize < 5) return
      const [first = content] = this.#parts
      const known = first.length >= 5 ? first : Buffer.concat(this.#parts)
      const size = 5 + known.readUInt32BE(1)
      if (this.#partsSize < size) return
      const whole = this.#parts.length === 1 ? first : Buffer.concat(this.#parts)
      this.#parts = whole.length > size ? [whole.subarray(size)] : []
      this.#partsSize = whole.length - size
      this.#onMessage(whole.subarray(5, size))
    }
  }
}

function toFrame(type: number, flags: number, stream: number, content: Buffer): Buffer {
  const head = Buffer.alloc(headSize)
  head.writeUIntBE(content.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, content])
}

/** Header fields by HPACK (RFC 7541): names of its table by their numbers, everything else as it is. */
function headerBlock(path: string, authority: string): Buffer {
  const text = (value: string) => [Buffer.of(value.length), Buffer.from(value)]
  return Buffer.concat([
    // :method POST, :scheme http
    Buffer.of(0x83, 0x86),
    Buffer.of(0x04),
    ...text(path),
    Buffer.of(0x01),
    ...text(authority),
    // content-type is the 31st of the table, beyond the four bits of the first byte.
    Buffer.of(0x0f, 0x10),
    ...text('application/grpc'),
    Buffer.of(0x00),
    ...text('te'),
    ...text('trailers'),
  ])
}
