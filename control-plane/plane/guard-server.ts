import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import type { Bound } from '../fleet/bound.ts'
import { type HandshakeLimits, Handshakes } from '../identity/handshakes.ts'
import { Bodies, CountedRequest } from './bodies.ts'
import { Unread } from './unread.ts'

/** What callers of the plane's port may take. */
export type CallLimits = {
  /** Connections at once, those of agents among them. */
  readonly connections: number
  /** Requests of one connection that are not answered; a client may send the next ones before it has read the first answer. */
  readonly unanswered: number
  /** Bytes that have come of the bodies of all requests that are not answered. */
  readonly bodyBytes: number
  /** Bytes of all answers that nobody has taken yet. */
  readonly answerBytes: number
  /** A request's head must be there within this time, counted from the connection or from its first byte; the same for all of it. */
  readonly headMs: number
  readonly wholeMs: number
  /** A connection is ended when nothing of an answer was taken for so long. */
  readonly unreadMs: number
  /** How long an idle connection is kept for its next request. */
  readonly keptMs: number
  /** How often requests that are not whole are looked at. */
  readonly lookEveryMs: number
  /** Where it is asked over TLS; left out: the usual ones. */
  readonly handshakes?: HandshakeLimits
}

/** Clients that beat each 30 s keep their connection. */
export const callLimits: Omit<CallLimits, 'connections'> = {
  unanswered: 64,
  bodyBytes: 256 * 1024 * 1024,
  answerBytes: 256 * 1024 * 1024,
  headMs: 20_000,
  wholeMs: 60_000,
  unreadMs: 60_000,
  keptMs: 75_000,
  lookEveryMs: 5_000,
}

/** Why connections were ended. */
const cuts = ['unfinished', 'unread', 'unanswered', 'crowded', 'handshake'] as const

/** What one connection has asked. */
type Caller = {
  /** Requests that are not answered, the one under way among them. */
  unanswered: number
  busy: boolean
  /** Begin the requests that were sent ahead, in their order. */
  readonly ahead: (() => void)[]
}

/**
 * A server whose callers cannot make it hold more than it is meant to, however slowly they speak or read. The requests of one connection are
 * answered one after the other, each once the answer before it has left: else whoever sends many ahead and reads nothing had all their
 * answers kept.
 */
export class GuardedServer {
  readonly server: Server
  readonly #limits: CallLimits
  readonly #callers = new WeakMap<Socket, Caller>()
  readonly #cut: Record<(typeof cuts)[number], number> = {
    unfinished: 0,
    unread: 0,
    unanswered: 0,
    crowded: 0,
    handshake: 0,
  }
  readonly #bodies: Bodies
  readonly #unread: Unread
  readonly #handshakes: Handshakes | undefined
  #connections = 0
  #dropped = 0

  /** @param tls left out: without TLS */
  constructor(limits: CallLimits, tls?: TlsOptions) {
    this.#limits = limits
    this.#bodies = new Bodies(limits.bodyBytes, ({ socket }) => this.#end(socket, 'crowded'))
    this.#unread = new Unread(limits.answerBytes, (socket) => this.#end(socket, 'unread'))
    const ours = {
      IncomingMessage: CountedRequest,
      headersTimeout: limits.headMs,
      requestTimeout: limits.wholeMs,
      connectionsCheckingInterval: limits.lookEveryMs,
      keepAliveTimeout: limits.keptMs,
    }
    const secure = tls && createSecureServer({ ...ours, ...tls })
    this.#handshakes = secure && new Handshakes(secure, limits.handshakes)
    this.server = secure ?? createServer(ours)
    // Who ends a handshake, or begins none, is told by the end of his connection; who has not begun one is cut by Node.
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') this.#cut.handshake += 1
      socket.destroy()
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

  /** Has `answer` answer what may be answered; call it once. */
  serve(answer: RequestListener): void {
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const caller = this.#admit(request, response)
      if (!caller) return
      const begin = () => this.#begin(caller, request, response, answer)
      if (caller.busy) caller.ahead.push(begin)
      else begin()
    })
  }

  /** Undefined: it is not to be answered; it has been refused, or its connection has ended. */
  #admit(request: IncomingMessage, response: ServerResponse): Caller | undefined {
    const { socket } = request
    // The requests that came together with one that ended it.
    if (socket.destroyed) return undefined
    const caller = this.#callers.get(socket) ?? { unanswered: 0, busy: false, ahead: [] }
    if (caller.unanswered >= this.#limits.unanswered) {
      this.#end(socket, 'unanswered')
      return undefined
    }
    this.#callers.set(socket, caller)
    caller.unanswered += 1
    response.on('close', () => {
      caller.unanswered -= 1
    })
    if (this.#bodies.begin(request, response)) return caller
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '1', connection: 'close' }
    response.writeHead(503, { ...answerHeaders, ...headers })
    response.end(crowded)
    return undefined
  }

  #begin(caller: Caller, request: IncomingMessage, response: ServerResponse, answer: RequestListener): void {
    // Nobody hears the answers to what was sent ahead.
    if (request.socket.destroyed) return
    caller.busy = true
    this.#unread.watch(request.socket, response)
    response.once('close', () => {
      caller.busy = false
      caller.ahead.shift()?.()
    })
    answer(request, response)
  }

  /** Gives it another certificate; connections that are open go on. */
  setSecureContext(options: SecureContextOptions): void {
    if (this.server instanceof SecureServer) this.server.setSecureContext(options)
  }

  /** Connections that wait until they may begin their handshake. */
  get waiting(): number {
    return this.#handshakes?.waiting ?? 0
  }

  bounds(): readonly Bound[] {
    const { connections } = this.#limits
    return [
      { name: 'connections', now: this.#connections, most: connections, refused: this.#dropped },
      this.#bodies.bound(),
      this.#unread.bound(),
      ...(this.#handshakes?.bounds() ?? []),
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

  #isAsked(socket: Socket): boolean {
    return (this.#callers.get(socket)?.unanswered ?? 0) > 0
  }

  /** Nothing was read or written on a connection for a while. */
  readonly #still = (socket: Socket): void => {
    // Between two requests: it was kept long enough.
    if (!this.#isAsked(socket)) socket.destroy()
    else if (socket.writableLength > 0) this.#end(socket, 'unread')
    // Its answer takes a while, as for those who wait for news.
    else socket.setTimeout(this.#limits.unreadMs)
  }

  /** As Node answers it where nobody listens, and counted. */
  readonly #unreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (isLate) this.#cut.unfinished += 1
    // What is written of an answer already must not be mixed with another one.
    if (socket.writable && !this.#isAsked(socket)) {
      socket.write(`HTTP/1.1 ${statusLine(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
    socket.destroy()
  }
}

function statusLine(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
}

const crowded = JSON.stringify({
  type: 'about:blank',
  title: 'Not available now',
  status: 503,
  detail: 'The bodies of other requests take all the room that there is for them.',
  remedy: 'Try again; send many changes in several smaller batches.',
})
