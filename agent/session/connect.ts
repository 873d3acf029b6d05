import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { explainError } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import {
  type Hello,
  mostMessageBytes,
  type PlaneMessage,
  pingEveryMs,
  sessionPath,
  subprotocol,
} from '#shared/protocol/messages.ts'
import type { Membership, Ready } from '../identity/membership.ts'
import { Channel } from './channel.ts'
import { sessionUrl } from './plane-list.ts'

/** A plane that is not even reached in this time is given up. */
const reachWithinMs = 5_000
/**
 * How long one that was reached may take to let an agent in, all in all. Where ten thousand agents come together they wait there for their turn: who
 * gives up and comes again waits from the beginning, and costs the plane as much anew.
 */
const answerWithinMs = 40_000
/** Where there is another plane to go to, one that hangs is left so soon. */
const leftAfterMs = 5_000

export type Connected =
  | {
      readonly kind: 'welcome'
      readonly channel: Channel
      readonly session: string
      readonly plane: string
      /** The plane takes what happened in the past. */
      readonly history: boolean
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly retry: boolean }
  | { readonly kind: 'failed'; readonly why: string }

/** Connects to a plane and says hello. Never rejects; a channel comes back only with a welcome, and is the caller's to close. */
export async function connect(
  plane: string,
  hello: Hello,
  log: Logger,
  stop: AbortSignal,
  membership?: Membership,
): Promise<Connected> {
  if (stop.aborted) return { kind: 'failed', why: 'stopped' }
  const ready = (await membership?.for(plane, stop)) ?? { kind: 'plain' }
  if (ready.kind === 'failed') return ready
  if (stop.aborted) return { kind: 'failed', why: 'stopped' }
  const hasOthers = (hello.moves?.of ?? 1) > 1
  const patienceMs = hasOthers ? leftAfterMs : answerWithinMs
  const began = performance.now()
  const socket = openWebSocket(sessionUrl(plane, sessionPath), patienceMs, ready)
  if (typeof socket === 'string') return { kind: 'failed', why: socket }
  const channel = new Channel(socket, log, pingEveryMs, hasOthers ? leftAfterMs : undefined)
  const give = () => socket.terminate()
  stop.addEventListener('abort', give, { once: true })
  let timer: NodeJS.Timeout | undefined
  const answer = new Promise<Connected>((resolve) => {
    socket.once('open', () => {
      channel.send(hello)
      // Who waited long for the door has some time left to be greeted.
      const leftMs = Math.max(leftAfterMs, patienceMs - (performance.now() - began))
      timer = setTimeout(() => resolve({ kind: 'failed', why: 'no answer to hello' }), leftMs)
      channel.receive((message) => resolve(readAnswer(message, channel)))
    })
    void channel.ended.then((why) => resolve({ kind: 'failed', why }))
  })
  const connected = await answer
  clearTimeout(timer)
  stop.removeEventListener('abort', give)
  if (connected.kind !== 'welcome') socket.terminate()
  return connected
}

/** A WebSocket on its way, or why there can be none. */
function openWebSocket(url: string, patienceMs: number, ready: Ready): WebSocket | string {
  try {
    return new WebSocket(url, subprotocol, {
      perMessageDeflate: false,
      maxPayload: mostMessageBytes,
      handshakeTimeout: patienceMs,
      ...(ready.kind === 'tls' ? ready.options : {}),
      finishRequest(request) {
        request.once('socket', (connection) => {
          giveUpUnreached(connection)
          if (ready.kind === 'tls') connection.on('session', ready.onSession)
        })
        request.end()
      },
    })
  } catch (error) {
    return explainError(error)
  }
}

function giveUpUnreached(connection: Socket): void {
  if (!connection.connecting) return
  const timer = setTimeout(() => connection.destroy(new Error('it was not reached in time')), reachWithinMs)
  const done = () => clearTimeout(timer)
  connection.once('connect', done).once('close', done)
}

function readAnswer(message: PlaneMessage, channel: Channel): Connected {
  if (message.type === 'welcome') {
    // What follows is kept for who comes next.
    channel.hold()
    const { session, plane, history = false } = message
    return { kind: 'welcome', channel, session, plane, history }
  }
  if (message.type === 'refused') {
    const { code, message: text, retry } = message
    return { kind: 'refused', code, message: text, retry }
  }
  return { kind: 'failed', why: `answered hello with ${message.type}` }
}
