import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { refuseUpgrade } from '#shared/http/refuse-upgrade.ts'
import { urlHoldsToken } from '#shared/http/token-in-query.ts'
import type { Logger } from '#shared/logging/logger.ts'
import {
  FromTeller,
  mostMessageBytes,
  readMessage,
  runHeader,
  subprotocol,
  type ToTeller,
  wirePath,
} from './messages.ts'
import { isProof } from './proof.ts'

/** Where something was heard, and how far that plane's clock is behind ours. */
export type Source = { readonly run: string; readonly behindMs: number }

export type WireHooks = {
  /** value undefined: it is no more. Called often; must be quick. */
  readonly onFact: (kind: string, key: string, value: unknown, from: Source) => void
  readonly onEvent: (kind: string, value: unknown, from: Source) => void
  /** Answers with plain JSON, or rejects with what the asker is to be told. */
  readonly onQuestion: (question: string, about: unknown) => Promise<unknown>
}

export type ServeWireOptions = WireHooks & {
  /** Its `upgrade` requests to the path of the wire are taken; others are left to who else listens for them, and answered 404 if nobody does. */
  readonly server: HttpServer
  readonly self: { readonly run: string; readonly key: string }
  readonly log: Logger
}

const mostConnections = 64
/** Answers that another plane does not read. */
const mostUnreadBytes = 2 * mostMessageBytes

/** What other planes tell this one, and ask it, until it is disposed of. */
export interface WireServer extends AsyncDisposable {
  /** Planes that have told all that they know in the connection that they have now. */
  readonly heard: ReadonlySet<string>
  /** What planes told that neither live nor are connected is no more. */
  forget(lives: (run: string) => boolean): void
}

/** Takes other planes' connections on `server`. */
export function serveWire(options: ServeWireOptions): WireServer {
  const { server, self, log } = options
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: mostMessageBytes,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })
  const heard = new Set<string>()
  /** What each plane told, and in which connection last, so that what it does not tell any more is known to be gone. */
  const known = new Map<string, Map<string, readonly [kind: string, key: string, told: WebSocket]>>()
  const current = new Map<string, WebSocket>()

  const take = (socket: WebSocket, run: string) => {
    current.get(run)?.terminate()
    current.set(run, socket)
    heard.delete(run)
    const facts = known.getOrInsertComputed(run, () => new Map())
    const from = (clock: number): Source => ({ run, behindMs: Date.now() - clock })
    socket.on('error', (err) => log.debug({ err, run }, 'the connection of another plane failed'))
    socket.on('close', () => {
      if (current.get(run) !== socket) return
      current.delete(run)
      heard.delete(run)
    })
    socket.on('message', (bytes) => {
      const message = readMessage(FromTeller, String(bytes))
      if (current.get(run) !== socket || !message) return
      switch (message.type) {
        case 'told': {
          const source = from(message.now)
          for (const [kind, key, value] of message.facts) {
            const id = `${kind}\n${key}`
            if (value === null) facts.delete(id)
            else facts.set(id, [kind, key, socket])
            options.onFact(kind, key, value ?? undefined, source)
          }
          for (const [kind, value] of message.events) options.onEvent(kind, value, source)
          return
        }
        case 'whole':
          for (const [id, [kind, key, told]] of facts) {
            if (told === socket) continue
            facts.delete(id)
            options.onFact(kind, key, undefined, { run, behindMs: 0 })
          }
          heard.add(run)
          return
        case 'ask':
          void answer(socket, message)
      }
    })
  }
  const answer = async (socket: WebSocket, { id, question, about }: Extract<FromTeller, { type: 'ask' }>) => {
    const send = (message: ToTeller) => {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > mostUnreadBytes) {
        log.warn('another plane does not read what it asked for, and is cut off')
        socket.terminate()
      } else socket.send(JSON.stringify(message))
    }
    try {
      send({ type: 'answer', id, answer: (await options.onQuestion(question, about)) ?? null })
    } catch (error) {
      const failure = error instanceof Failure ? error : undefined
      if (!failure) log.warn({ err: error, question }, 'a question of another plane could not be answered')
      const { code = 'PEER_UNREACHABLE', retryable = true } = failure ?? {}
      send({ type: 'failed', id, code, message: explainError(error), retryable })
    }
  }
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?', 1)[0] !== wirePath) {
      if (server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404)
      return
    }
    socket.on('error', () => socket.destroy())
    if (urlHoldsToken(request.url)) return refuseUpgrade(socket, 400)
    const run = request.headers[runHeader]
    const shown = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    if (
      typeof run !== 'string' ||
      request.headers.origin !== undefined ||
      !isProof(shown, run, self) ||
      sockets.clients.size >= mostConnections
    ) {
      log.warn({ from: request.socket.remoteAddress }, 'somebody who is no plane of this store was refused')
      return refuseUpgrade(socket, 403)
    }
    sockets.handleUpgrade(request, socket, head, (opened) => take(opened, run))
  }
  server.on('upgrade', onUpgrade)

  return {
    heard,
    forget(lives) {
      for (const [run, facts] of known) {
        if (current.has(run) || lives(run)) continue
        known.delete(run)
        for (const [kind, key] of facts.values()) options.onFact(kind, key, undefined, { run, behindMs: 0 })
      }
    },
    async [Symbol.asyncDispose]() {
      server.off('upgrade', onUpgrade)
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}
