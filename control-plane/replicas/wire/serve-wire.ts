import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { explainError, Failure } from '#shared/failure/failure.ts'
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
  /** Its `upgrade` requests to the path of the wire are taken; others are left to who else listens for them. */
  readonly server: HttpServer
  readonly self: { readonly run: string; readonly key: string }
  readonly log: Logger
}

const mostConnections = 64

/** What other planes tell this one, and ask it, until it is disposed of. */
export interface WireServer extends AsyncDisposable {
  /** Planes that have told all that they know in the connection that they have now. */
  readonly heard: ReadonlySet<string>
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
  /** What each plane told last, so that what it does not tell any more is known to be gone. */
  const known = new Map<string, Map<string, readonly [kind: string, key: string]>>()
  const current = new Map<string, WebSocket>()

  const take = (socket: WebSocket, run: string) => {
    current.get(run)?.terminate()
    current.set(run, socket)
    heard.delete(run)
    const before = known.get(run) ?? new Map<string, readonly [string, string]>()
    const now = new Map<string, readonly [string, string]>()
    known.set(run, now)
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
            if (value === null) now.delete(id)
            else now.set(id, [kind, key])
            options.onFact(kind, key, value ?? undefined, source)
          }
          for (const [kind, value] of message.events) options.onEvent(kind, value, source)
          return
        }
        case 'whole':
          for (const [id, [kind, key]] of before) {
            if (!now.has(id)) options.onFact(kind, key, undefined, { run, behindMs: 0 })
          }
          before.clear()
          heard.add(run)
          return
        case 'ask':
          void answer(socket, message)
      }
    })
  }
  const answer = async (socket: WebSocket, { id, question, about }: Extract<FromTeller, { type: 'ask' }>) => {
    const send = (message: ToTeller) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
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
    if (request.url?.split('?', 1)[0] !== wirePath) return
    socket.on('error', () => socket.destroy())
    const run = request.headers[runHeader]
    const shown = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    if (typeof run !== 'string' || !isProof(shown, run, self) || sockets.clients.size >= mostConnections) {
      log.warn({ from: request.socket.remoteAddress }, 'somebody who is no plane of this store was refused')
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => take(opened, run))
  }
  server.on('upgrade', onUpgrade)

  return {
    heard,
    async [Symbol.asyncDispose]() {
      server.off('upgrade', onUpgrade)
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}
