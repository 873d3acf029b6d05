import { WebSocket } from 'ws'
import { explainError, Failure, type FailureCode } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Board } from './board.ts'
import { mostMessageBytes, readMessage, runHeader, subprotocol, ToTeller, wirePath } from './messages.ts'
import { proofOf } from './proof.ts'
import { Untold } from './untold.ts'

/** A plane to tell and to ask. */
export type Peer = { readonly run: string; readonly holder: string; readonly api: string; readonly key: string }

export type LinkParts = {
  readonly self: string
  readonly peer: Peer
  readonly board: Board
  readonly log: Logger
  /** Whom to believe that it is a plane, PEM; undefined: whom the system believes. */
  readonly ca?: (() => string) | undefined
}

/** What comes within this time goes together: what one plane hears the others know soon after. */
const gatherMs = 40
const connectWithinMs = 2_000
const pingEveryMs = 1_000
/** A peer of which nothing is heard for so long is connected to anew. */
const silentForMs = 4_000
const backoff = { firstMs: 100, mostMs: 2_000 }
/** Nothing more is told while so much waits for a peer that does not read. */
const mostWaitingBytes = 2 * 1024 * 1024
const mostEvents = 20_000
const mostQuestions = 1_000

type Question = { readonly resolve: (answer: unknown) => void; readonly reject: (error: Failure) => void }

/** The way to one other plane: tells it what this one hears, and asks it. Connects again and again until disposed of. */
export class Link implements AsyncDisposable {
  readonly peer: Peer
  readonly #parts: LinkParts
  readonly #untold: Untold
  readonly #closing = new AbortController()
  readonly #questions = new Map<number, Question>()
  readonly #rounds: Promise<void>
  readonly #unlisten: () => void
  #socket: WebSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #whole = false
  #count = 0
  #dropped = 0
  #why = 'it was not reached yet'

  constructor(parts: LinkParts) {
    this.#parts = parts
    this.peer = parts.peer
    this.#untold = new Untold(parts.board, mostEvents)
    this.#unlisten = parts.board.listen({
      onFact: (subject) => {
        // Who comes back is told everything.
        if (!this.#socket) return
        this.#untold.fact(subject)
        this.#soon()
      },
      onEvent: (kind, value) => {
        // Who is not there has missed it.
        if (!this.#socket) return
        this.#untold.event(kind, value)
        this.#soon()
      },
    })
    this.#rounds = this.#connectInRounds()
  }

  /** Whether it has been told all that there is. */
  get current(): boolean {
    return this.#whole && this.#socket !== undefined
  }

  /** Why it cannot be told anything now; undefined: it can. */
  get trouble(): string | undefined {
    return this.#socket ? undefined : this.#why
  }

  /** Rejects with PEER_UNREACHABLE where there is no answer within the time, and with what the peer says itself. */
  async ask(question: string, about: unknown, withinMs: number): Promise<unknown> {
    const socket = this.#socket
    if (!socket || this.#questions.size >= mostQuestions) throw this.#unreachable(this.#why)
    this.#count += 1
    const id = this.#count
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const late = setTimeout(() => reject(this.#unreachable(`it did not answer within ${withinMs / 1000} s`)), withinMs)
    this.#questions.set(id, { resolve, reject })
    socket.send(JSON.stringify({ type: 'ask', id, question, about }))
    try {
      return await promise
    } finally {
      clearTimeout(late)
      this.#questions.delete(id)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten()
    clearTimeout(this.#timer)
    // What was heard last is not to be lost.
    this.#flush()
    this.#closing.abort()
    await this.#rounds
  }

  #unreachable(why: string): Failure {
    const { holder, api } = this.peer
    return new Failure('PEER_UNREACHABLE', `The plane on ${holder} (${api}) was not asked: ${why}.`, {
      retryable: true,
    })
  }

  async #connectInRounds(): Promise<void> {
    const { log } = this.#parts
    const { signal } = this.#closing
    const { run, holder, api } = this.peer
    let failures = 0
    while (!signal.aborted) {
      const { opened, why } = await this.#connection(signal)
      if (signal.aborted) return
      if (opened || failures === 0) log.warn({ run, holder, api, why }, 'another plane is not reached')
      this.#why = why
      failures = opened ? 1 : failures + 1
      await pause(backoffMs(backoff, failures, Math.random()), signal)
    }
  }

  /** One connection, from its beginning to its end. */
  async #connection(stop: AbortSignal): Promise<{ readonly opened: boolean; readonly why: string }> {
    const { self, peer, log, ca } = this.#parts
    let why = ''
    let opened = false
    let heardAt = performance.now()
    let socket: WebSocket
    try {
      socket = new WebSocket(`${peer.api.replace(/^http/, 'ws').replace(/\/+$/, '')}${wirePath}`, subprotocol, {
        perMessageDeflate: false,
        maxPayload: mostMessageBytes,
        handshakeTimeout: connectWithinMs,
        ...(ca ? { ca: ca() } : {}),
        headers: { [runHeader]: self, authorization: `Bearer ${proofOf(self, peer)}` },
      })
    } catch (error) {
      return { opened, why: explainError(error) }
    }
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', (error) => {
      why = error.message || error.name
    })
    socket.on('open', () => {
      opened = true
      this.#socket = socket
      this.#whole = false
      this.#untold.everything()
      log.info({ run: peer.run, holder: peer.holder, api: peer.api }, 'another plane is told what is heard here')
      this.#flush()
    })
    socket.on('pong', () => {
      heardAt = performance.now()
    })
    socket.on('message', (bytes) => {
      heardAt = performance.now()
      this.#hear(String(bytes))
    })
    const ping = setInterval(() => {
      if (performance.now() - heardAt > silentForMs) {
        why = 'it does not answer'
        socket.terminate()
      } else if (socket.readyState === WebSocket.OPEN) socket.ping()
    }, pingEveryMs)
    const close = () => {
      if (socket.readyState === WebSocket.OPEN) socket.close(1000)
      setTimeout(() => socket.terminate(), 200).unref()
    }
    stop.addEventListener('abort', close, { once: true })
    if (stop.aborted) close()
    await ended
    stop.removeEventListener('abort', close)
    clearInterval(ping)
    this.#socket = undefined
    for (const { reject } of [...this.#questions.values()]) reject(this.#unreachable('the connection ended'))
    return { opened, why: why || 'the connection ended' }
  }

  #hear(text: string): void {
    const message = readMessage(ToTeller, text)
    const question = message && this.#questions.get(message.id)
    if (!message || !question) return
    if (message.type === 'answer') {
      question.resolve(message.answer)
      return
    }
    const { code, message: why, retryable } = message
    // The peer is of this version or of a neighbouring one: it has the same codes.
    question.reject(new Failure(code as FailureCode, why, { retryable }))
  }

  #soon(): void {
    if (!this.#socket || this.#timer) return
    this.#timer = setTimeout(() => this.#flush(), gatherMs)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    while (!this.#untold.empty && socket.bufferedAmount < mostWaitingBytes) {
      socket.send(this.#untold.take(Date.now()))
    }
    const { dropped } = this.#untold
    if (dropped > this.#dropped)
      this.#parts.log.warn({ api: this.peer.api, dropped }, 'another plane is too slow to be told all')
    this.#dropped = dropped
    if (!this.#untold.empty) this.#soon()
    else if (!this.#whole) this.#tellWhole(socket)
  }

  #tellWhole(socket: WebSocket): void {
    this.#whole = true
    socket.send('{"type":"whole"}')
  }
}
