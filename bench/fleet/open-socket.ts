import { connect, type Socket } from 'node:net'
import { type SecureContext, connect as secured } from 'node:tls'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { FrameReader, frameOf, opcodes } from './frames.ts'

/** How long a plane may take to be reached, and then to open a session's WebSocket: as the agent has it that knows no other plane. */
const reachMs = 5_000
const handshakeMs = 40_000
const ping = frameOf(opcodes.ping, '')

export type PlaneAddress = {
  readonly host: string
  readonly port: number
  /** As whom it comes, where the plane is asked over TLS. */
  readonly tls?: { readonly context: SecureContext; readonly session: Buffer | undefined } | undefined
}

export type SocketEvents = {
  readonly onOpen: () => void
  readonly onText: (text: string) => void
  /** Once, whatever the reason. */
  readonly onEnd: (why: string) => void
  /** What lets the next connection begin with less, where this one is over TLS. */
  readonly onSession?: (session: Buffer) => void
}

/** A WebSocket as light as ten thousand of them in one process have to be. */
export class AgentSocket {
  readonly #socket: Socket
  readonly #events: SocketEvents
  readonly #frames = new FrameReader()
  readonly #resets: boolean
  #head: string | undefined = ''
  #ended = false

  /** @param from the address that it comes from: each has some 28,000 ports of its own */
  constructor({ tls, ...plane }: PlaneAddress, from: string, events: SocketEvents) {
    this.#events = events
    const where = { ...plane, localAddress: from }
    if (tls) {
      const { context: secureContext, session } = tls
      const socket = secured({ ...where, secureContext, ...(session ? { session } : {}) })
      socket.on('session', (next) => events.onSession?.(next))
      this.#socket = socket
    } else this.#socket = connect(where)
    this.#socket.setNoDelay(true)
    this.#socket.setTimeout(reachMs, () =>
      this.cut(this.#socket.connecting ? 'not reached' : 'no answer to the handshake'),
    )
    this.#socket.once('connect', () => this.#socket.setTimeout(handshakeMs))
    this.#resets = tls === undefined
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes))
    this.#socket.on('error', (error) => this.#end(error.message))
    this.#socket.on('close', () => this.#end('closed'))
    this.#socket.write(
      `GET ${sessionPath} HTTP/1.1\r\nHost: ${plane.host}:${plane.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    )
  }

  send(text: string): void {
    if (!this.#ended) this.#socket.write(frameOf(opcodes.text, text))
  }

  ping(): void {
    if (!this.#ended) this.#socket.write(ping)
  }

  /** Ends it as an agent does that has said goodbye. */
  close(): void {
    if (!this.#ended) this.#socket.end(frameOf(opcodes.close, Buffer.from([3, 232])))
  }

  /** Ends it without a word, and without leaving its port taken for a minute. */
  cut(why: string): void {
    // Only what is bare can be reset.
    if (this.#resets) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
    this.#end(why)
  }

  #read(bytes: Buffer): void {
    const rest = this.#head === undefined ? bytes : this.#greet(bytes)
    if (!rest) return
    for (const { opcode, payload } of this.#frames.read(rest)) {
      if (this.#ended) return
      if (opcode === opcodes.text) this.#events.onText(payload.toString())
      else if (opcode === opcodes.ping) this.#socket.write(frameOf(opcodes.pong, payload))
      else if (opcode === opcodes.close) this.#socket.end(frameOf(opcodes.close, payload.subarray(0, 2)))
    }
  }

  /** What comes after the head of the answer; undefined: that is not complete, or no good one. */
  #greet(bytes: Buffer): Buffer | undefined {
    const head = `${this.#head}${bytes.toString('latin1')}`
    const end = head.indexOf('\r\n\r\n')
    this.#head = head
    if (end < 0) return undefined
    const [status = ''] = head.split('\r\n', 1)
    if (!status.startsWith('HTTP/1.1 101 ')) {
      this.cut(`answered ${status.slice(9, 12)}`)
      return undefined
    }
    this.#head = undefined
    this.#socket.setTimeout(0)
    this.#events.onOpen()
    return Buffer.from(head.slice(end + 4), 'latin1')
  }

  #end(why: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.onEnd(why)
  }
}
