import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Bound } from '../fleet/bound.ts'

/** No body is taken that is larger: a whole declaration. */
const mostBodyBytes = 8 * 1024 * 1024
/** What is expected of one that does not say how large it is. */
const unannouncedBytes = 2 * 1024 * 1024
/** Most calls are smaller: they find room, if need be by that of larger ones that are still coming. */
const smallBytes = 256 * 1024
/** Once all room is taken, so much of it is left to who came before. */
const keptShare = 3 / 4

/** Says how much of its body comes, whoever reads that and when. */
export class CountedRequest extends IncomingMessage {
  onPiece: ((bytes: number) => void) | undefined

  override push(piece: unknown, encoding?: BufferEncoding): boolean {
    if (piece instanceof Uint8Array) this.onPiece?.(piece.length)
    return super.push(piece, encoding)
  }
}

type Body = { readonly request: IncomingMessage; bytes: number }

/** The bodies of all requests that are not answered, by what has come of them: who only announces takes no room from others. */
export class Bodies {
  readonly #most: number
  readonly #cut: (request: IncomingMessage) => void
  readonly #begun = new Set<Body>()
  #bytes = 0
  #refused = 0

  /** @param cut ends the connection of a request of which too much has come */
  constructor(mostBytes: number, cut: (request: IncomingMessage) => void) {
    this.#most = mostBytes
    this.#cut = cut
  }

  bound(): Bound {
    return { name: 'body_bytes', now: this.#bytes, most: this.#most, refused: this.#refused }
  }

  /** False: there is no room for what is announced. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    const expected = expectedBytes(request)
    if (expected === 0) return true
    if (!this.#fits(expected) && expected <= smallBytes) this.#makeRoom(smallBytes)
    if (!this.#fits(expected)) {
      this.#refused += 1
      return false
    }
    const body: Body = { request, bytes: 0 }
    this.#begun.add(body)
    if (request instanceof CountedRequest) request.onPiece = (bytes) => this.#came(body, bytes)
    response.on('close', () => this.#end(body))
    return true
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#most
  }

  #came(body: Body, bytes: number): void {
    if (!this.#begun.has(body)) return
    body.bytes += bytes
    this.#bytes += bytes
    if (!this.#fits(0)) this.#makeRoom(0)
  }

  /** Cuts off those of which most has come, and more than `spared` bytes; whoever has said all is left to be answered. */
  #makeRoom(spared: number): void {
    const coming = [...this.#begun].filter(({ request, bytes }) => !request.complete && bytes > spared)
    for (const body of coming.sort((a, b) => b.bytes - a.bytes)) {
      if (this.#bytes <= this.#most * keptShare) break
      this.#end(body)
      this.#cut(body.request)
    }
  }

  #end(body: Body): void {
    if (this.#begun.delete(body)) this.#bytes -= body.bytes
  }
}

function expectedBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return unannouncedBytes
  const announced = headers['content-length']
  return announced === undefined ? 0 : Math.min(Number(announced), mostBodyBytes)
}
