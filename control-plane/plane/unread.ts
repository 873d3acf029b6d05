import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Bound } from '../fleet/bound.ts'

/** Answers that are said and not taken yet, of all connections. When they are too many bytes, those go that had the longest time to be read. */
export class Unread {
  readonly #most: number
  readonly #cut: (socket: Socket) => void
  /** By when they were said, the first first. */
  readonly #answers = new Map<ServerResponse, { readonly socket: Socket; bytes: number }>()
  #bytes = 0
  #ended = 0

  constructor(mostBytes: number, cut: (socket: Socket) => void) {
    this.#most = mostBytes
    this.#cut = cut
  }

  bound(): Bound {
    return { name: 'answer_bytes', now: this.#bytes, most: this.#most, refused: this.#ended }
  }

  /** Call it for the one answer of a connection that is under way. */
  watch(socket: Socket, response: ServerResponse): void {
    response.once('prefinish', () => {
      const bytes = socket.writableLength
      // The network took it at once, as it mostly does.
      if (bytes === 0 || socket.destroyed) return
      this.#answers.set(response, { socket, bytes })
      this.#bytes += bytes
      if (this.#bytes > this.#most) this.#makeRoom()
    })
    response.once('close', () => this.#end(response))
  }

  #makeRoom(): void {
    for (const [response, answer] of this.#answers) {
      const taken = answer.bytes - answer.socket.writableLength
      answer.bytes -= taken
      this.#bytes -= taken
      if (this.#bytes <= this.#most) break
      this.#end(response)
      this.#ended += 1
      this.#cut(answer.socket)
    }
  }

  #end(response: ServerResponse): void {
    this.#bytes -= this.#answers.get(response)?.bytes ?? 0
    this.#answers.delete(response)
  }
}
