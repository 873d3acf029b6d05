import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Bound } from '../fleet/bound.ts'

/** What callers of the plane's port may take. */
export type CallLimits = {
  /** Connections at once, those of agents among them. */
  readonly connections: number
  /** Requests of one connection that are not answered; a client may send the next ones before it has read the first answer. */
  readonly unanswered: number
  /** Bytes that the bodies of all requests that are not answered have together, as they were announced. */
  readonly bodyBytes: number
  /** A request's head must be there within this time, counted from the connection or from its first byte; the same for all of it. */
  readonly headMs: number
  readonly wholeMs: number
  /** A connection is ended when nothing of an answer was taken for so long. */
  readonly unreadMs: number
  /** How long an idle connection is kept for its next request. */
  readonly keptMs: number
  /** How often requests that are not whole are looked at. */
  readonly lookEveryMs: number
}

/** Clients that beat each 30 s keep their connection. */
export const callLimits: Omit<CallLimits, 'connections'> = {
  unanswered: 64,
  bodyBytes: 256 * 1024 * 1024,
  headMs: 20_000,
  wholeMs: 60_000,
  unreadMs: 60_000,
  keptMs: 75_000,
  lookEveryMs: 5_000,
}

/** No body is taken that is larger: a whole declaration. */
const mostBodyBytes = 8 * 1024 * 1024
/** What is expected of one that does not say how large it is. */
const unannouncedBytes = 2 * 1024 * 1024

/** Why connections were ended. */
const cuts = ['unfinished', 'unread', 'unanswered'] as const

/**
 * A server whose callers cannot make it hold more than it is meant to, however slowly they speak or read. Whoever listens for its requests
 * asks first whether each is to be answered.
 */
export class GuardedServer {
  readonly server: Server
  readonly #limits: CallLimits
  readonly #unanswered = new WeakMap<Socket, number>()
  readonly #cut: Record<(typeof cuts)[number], number> = { unfinished: 0, unread: 0, unanswered: 0 }
  #connections = 0
  #dropped = 0
  #bodyBytes = 0
  #refusedBodies = 0

  constructor(limits: CallLimits) {
    this.#limits = limits
    this.server = createServer({
      headersTimeout: limits.headMs,
      requestTimeout: limits.wholeMs,
      connectionsCheckingInterval: limits.lookEveryMs,
      keepAliveTimeout: limits.keptMs,
    })
    this.server.maxConnections = limits.connections
    this.server.setTimeout(limits.unreadMs, this.#still)
    this.server.on('drop', () => {
      this.#dropped += 1
    })
    this.server.on('connection', (socket: Socket) => {
      this.#connections += 1
      socket.once('close', () => {
        this.#connections -= 1
      })
    })
    this.server.on('clientError', this.#unreadable)
  }

  /** Whether a request is to be answered; if not, it has been refused, or its connection has ended. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request
    // The requests that came together with one that ended it.
    if (socket.destroyed) return false
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1
    if (unanswered > this.#limits.unanswered) {
      this.#end(socket, 'unanswered')
      return false
    }
    this.#unanswered.set(socket, unanswered)
    const bytes = bodyBytesOf(request)
    const fits = this.#bodyBytes + bytes <= this.#limits.bodyBytes
    const reserved = fits ? bytes : 0
    this.#bodyBytes += reserved
    response.on('close', () => {
      this.#bodyBytes -= reserved
      this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1)
    })
    if (fits) return true
    this.#refusedBodies += 1
    response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1', connection: 'close' })
    response.end(crowded)
    return false
  }

  bounds(): readonly Bound[] {
    const { connections, bodyBytes } = this.#limits
    return [
      { name: 'connections', now: this.#connections, most: connections, refused: this.#dropped },
      { name: 'body_bytes', now: this.#bodyBytes, most: bodyBytes, refused: this.#refusedBodies },
    ]
  }

  /** Connections that were ended since the start, by why. */
  cuts(): Readonly<Record<string, number>> {
    return Object.fromEntries(cuts.map((why) => [`calls_${why}`, this.#cut[why]]))
  }

  #end(socket: Socket, why: (typeof cuts)[number]): void {
    this.#cut[why] += 1
    socket.destroy()
  }

  /** Nothing was read or written on a connection for a while. */
  readonly #still = (socket: Socket): void => {
    // Between two requests: it was kept long enough.
    if ((this.#unanswered.get(socket) ?? 0) === 0) socket.destroy()
    else if (socket.writableLength > 0) this.#end(socket, 'unread')
    // Its answer takes a while, as for those who wait for news.
    else socket.setTimeout(this.#limits.unreadMs)
  }

  /** As Node answers it where nobody listens, and counted. */
  readonly #unreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (isLate) this.#cut.unfinished += 1
    // What is written of an answer already must not be mixed with another one.
    if (socket.writable && (this.#unanswered.get(socket) ?? 0) === 0) {
      socket.write(`HTTP/1.1 ${statusLine(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
    socket.destroy()
  }
}

function statusLine(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
}

function bodyBytesOf({ headers, url = '' }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined)
    return url.startsWith('/v1/routing') ? mostBodyBytes : unannouncedBytes
  const announced = headers['content-length']
  return announced === undefined ? 0 : Math.min(Number(announced), mostBodyBytes)
}

const crowded = JSON.stringify({
  type: 'about:blank',
  title: 'Not available now',
  status: 503,
  detail: 'The bodies of other requests take all the room that there is for them.',
  remedy: 'Try again; send many changes in several smaller batches.',
})
