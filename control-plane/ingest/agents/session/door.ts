import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { refuseUpgrade } from '#shared/http/refuse-upgrade.ts'
import { urlHoldsToken } from '#shared/http/token-in-query.ts'
import type { Turns } from '#shared/lifecycle/turns.ts'
import { mostMessageBytes, sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import type { Greet, Guest } from './guest.ts'

/** Connections that have not said who they are. */
const mostUnnamed = 2_000
/** Connections that wait until they are opened: what comes at once when a plane is back. */
const mostUnopened = 20_000

export type DoorParts = {
  readonly server: HttpServer
  /** Paths of upgrades that somebody else takes; with this, all others are answered 404. */
  readonly leaves: readonly string[] | undefined
  readonly turns: Turns
  /** Connections that have been opened and have not said who they are. */
  readonly unnamed: { readonly size: number }
  /** Whether agents are taken now. */
  readonly takes: () => boolean
  /** As whom somebody comes. Left out: anybody may be any node. */
  readonly greet?: Greet | undefined
  readonly open: (socket: WebSocket, stream: Duplex, from: string, guest: Guest | undefined) => void
}

/** Opens connections of agents, or refuses them, until disposed of: from then on their upgrades are those of whoever else listens. */
export class Door implements Disposable {
  readonly #parts: DoorParts
  /** Who was turned away because so many others were there. */
  readonly #crowded = { unopened: 0, unnamed: 0 }
  #unopened = 0
  #refused = 0
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: mostMessageBytes,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  constructor(parts: DoorParts) {
    this.#parts = parts
    parts.server.on('upgrade', this.#onUpgrade)
    parts.server.on('connection', this.#onConnection)
  }

  /** Connections that wait until they are opened. */
  get unopened(): number {
    return this.#unopened
  }

  get refused(): number {
    return this.#refused
  }

  bounds() {
    const { unopened, unnamed } = this.#crowded
    return [
      { name: 'connections_unopened', now: this.#unopened, most: mostUnopened, refused: unopened },
      { name: 'connections_unnamed', now: this.#parts.unnamed.size, most: mostUnnamed, refused: unnamed },
    ]
  }

  [Symbol.dispose](): void {
    this.#parts.server.off('upgrade', this.#onUpgrade)
    this.#parts.server.off('connection', this.#onConnection)
  }

  /**
   * Node takes one connection from the kernel in each round of the event loop. Where others may wait behind it the rounds are short: with long
   * ones the kernel's queue runs over, and who waits there gives up before anybody has seen him.
   */
  readonly #onConnection = () => this.#parts.turns.hurry()

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { server, leaves, turns, takes, open, greet } = this.#parts
    socket.on('error', ended)
    const status = this.#refusal(request)
    if (status === 'other') {
      const isOurs = leaves && !leaves.includes(pathOf(request))
      if (isOurs || server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404)
      return
    }
    if (status !== undefined) {
      this.#refused += 1
      return refuseUpgrade(socket, status)
    }
    const greeted = greet?.(request) ?? { kind: 'anybody' }
    if (greeted.kind === 'stranger') {
      this.#refused += 1
      return refuseUpgrade(socket, 401)
    }
    const guest = greeted.kind === 'guest' ? greeted.guest : undefined
    this.#unopened += 1
    // Who gives up meanwhile is seen only where somebody reads; an agent says nothing before it is answered.
    const tooEarly = () => socket.destroy()
    socket.once('data', tooEarly).once('end', tooEarly)
    // Those who are there come first: who has not been answered yet comes again.
    turns.add(2, () => {
      this.#unopened -= 1
      if (socket.destroyed) return
      socket.off('data', tooEarly).off('end', tooEarly)
      if (!takes()) return refuseUpgrade(socket, 503)
      const before = socket.listeners('end')
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        endAtOnce(socket, before)
        open(opened, socket, request.socket.remoteAddress ?? '', guest)
      })
    })
  }

  #refusal(request: IncomingMessage): 400 | 403 | 503 | 'other' | undefined {
    if (pathOf(request) !== sessionPath) return 'other'
    // Agents are no browsers: a page that a person opened must not speak for a node.
    if (request.headers.origin !== undefined) return 403
    if (urlHoldsToken(request.url) || !offersSubprotocol(request)) return 400
    if (!this.#parts.takes()) return 503
    const isUnopenedFull = this.#unopened >= mostUnopened
    if (!isUnopenedFull && this.#parts.unnamed.size < mostUnnamed) return undefined
    this.#crowded[isUnopenedFull ? 'unopened' : 'unnamed'] += 1
    return 503
  }
}

/**
 * Who has ended his side does not read any more, and needs no answer: where ten thousand connections break, the politeness of ws and of TLS,
 * which then cannot be written any more, is a tenth of what their ends cost.
 * @param before who listened for its end before ws did
 */
function endAtOnce(stream: Duplex, before: readonly unknown[]): void {
  for (const listener of stream.listeners('end')) {
    if (!before.includes(listener)) stream.off('end', listener as () => void)
  }
  stream.once('end', ended)
}

/** Its end is heard elsewhere. A function of its own: one made beside the request kept that for as long as the session lasts. */
function ended(this: Duplex): void {
  this.destroy()
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? ''
}

function offersSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === subprotocol)
}
