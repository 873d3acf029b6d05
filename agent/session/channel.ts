import { WebSocket } from 'ws'
import * as z from 'zod/mini'
import type { Logger } from '#shared/logging/logger.ts'
import { type AgentMessage, PlaneMessage, pingEveryMs } from '#shared/protocol/messages.ts'

/** One open WebSocket to a plane: messages in order both ways, and its end is news. */
export class Channel implements AsyncDisposable {
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<string>
  readonly #socket: WebSocket
  readonly #ping: NodeJS.Timeout
  #answer: NodeJS.Timeout | undefined
  #heard = true
  #early: PlaneMessage[] = []
  #take: ((message: PlaneMessage) => void) | undefined

  /**
   * @param socket open, or about to be
   * @param answerMs a peer of which nothing at all is heard for so long after a ping is gone; at most `pingMs`
   */
  constructor(socket: WebSocket, log: Logger, pingMs = pingEveryMs, answerMs = pingMs) {
    this.#socket = socket
    let why = ''
    socket.on('message', (bytes, isBinary) => {
      this.#heard = true
      const message = isBinary ? undefined : readMessage(String(bytes))
      if (message === undefined) log.debug({ bytes: String(bytes).length }, 'message not understood')
      else if (this.#take) this.#take(message)
      else this.#early.push(message)
    })
    socket.on('pong', () => {
      this.#heard = true
    })
    socket.on('error', (error) => {
      why = error.message || error.name
    })
    this.ended = new Promise((resolve) => {
      socket.once('close', (code, text) => {
        clearInterval(this.#ping)
        clearTimeout(this.#answer)
        resolve(why || String(text) || `closed with ${code}`)
      })
    })
    const judge = () => {
      if (this.#heard) return
      why = 'no answer to pings'
      socket.terminate()
    }
    // A peer that vanished without a word is only noticed by its silence.
    this.#ping = setInterval(() => {
      judge()
      this.#heard = false
      if (socket.readyState === WebSocket.OPEN) socket.ping()
      if (answerMs < pingMs) this.#answer = setTimeout(judge, answerMs)
    }, pingMs)
  }

  /** From now on `take` gets each message; those that came before, at once. */
  receive(take: (message: PlaneMessage) => void): void {
    this.#take = take
    const early = this.#early
    this.#early = []
    for (const message of early) take(message)
  }

  /** Keeps what comes from now on until someone receives again. */
  hold(): void {
    this.#take = undefined
  }

  /** Whether it was handed to the connection. */
  send(message: AgentMessage): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  /** Closes it in good order; cuts it if the other side does not follow within half a second. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close(1000)
    const timer = setTimeout(() => this.#socket.terminate(), 500)
    await this.ended
    clearTimeout(timer)
  }
}

function readMessage(text: string): PlaneMessage | undefined {
  try {
    const result = z.safeParse(PlaneMessage, JSON.parse(text))
    return result.success ? result.data : undefined
  } catch {
    return undefined
  }
}
