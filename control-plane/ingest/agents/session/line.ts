import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { PlaneMessage } from '#shared/protocol/messages.ts'

/** What waits in the buffer of a socket beyond this is for nobody: the peer does not read. */
const mostBufferedBytes = 4 * 1024 * 1024
/** How long a peer may take to answer that it closes, too. */
const closeWithinMs = 2_000

/** The sending half of a session: bounded, and silent once it is closed. */
export class Line {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  readonly #onCut: (why: string) => void

  /** @param stream what the WebSocket runs over */
  constructor(socket: WebSocket, stream: Duplex, onCut: (why: string) => void) {
    this.#socket = socket
    this.#stream = stream
    this.#onCut = onCut
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** @param sent is called when the message has left our buffers, or never will */
  send(message: PlaneMessage, sent: () => void = () => {}): void {
    this.sendText(JSON.stringify(message), sent)
  }

  /** What is sent within `step` leaves as one: to ten thousand agents that come together, half of the cost is in how often is written. */
  together(step: () => void): void {
    this.#stream.cork()
    try {
      step()
    } finally {
      this.#stream.uncork()
    }
  }

  sendText(text: string, sent: () => void = () => {}): void {
    const stuck = this.#socket.bufferedAmount > mostBufferedBytes
    if (stuck) this.cut('it does not read')
    if (this.open && !stuck) this.#socket.send(text, sent)
    else sent()
  }

  /** Says why, then ends the session. */
  refuse(code: string, message: string, retry: boolean): void {
    this.send({ type: 'refused', code, message: message.slice(0, 2000), retry })
    this.close(1008, code)
  }

  close(code: number, why: string): void {
    this.#socket.close(code, why)
    const giveUp = setTimeout(() => this.#socket.terminate(), closeWithinMs)
    this.#socket.once('close', () => clearTimeout(giveUp))
  }

  /** Ends the connection without waiting for the peer. */
  cut(why: string): void {
    this.#onCut(why)
    this.#socket.terminate()
  }

  ping(): void {
    if (this.open) this.#socket.ping()
  }
}
