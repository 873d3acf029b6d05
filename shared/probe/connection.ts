import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { judgedLookup, type MayReach } from './judged-lookup.ts'

/** A connection on which a check was answered and which nobody uses now. */
export class Connection {
  readonly #socket: Socket
  #ended = false
  #onEnded: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    const ended = () => {
      if (this.#ended) return
      this.#ended = true
      socket.destroy()
      this.#onEnded?.()
    }
    socket.on('end', ended).on('close', ended).on('error', ended)
    // Some servers say goodbye (408) before they close. Nothing that comes unasked is an answer.
    socket.on('data', ended)
    if (socket.destroyed || socket.readableEnded) queueMicrotask(ended)
  }

  /** Calls `listener` once, as soon as the other side ends the connection, or at once if it already has. Not after `close`. */
  onEnded(listener: () => void): void {
    if (this.#ended) queueMicrotask(listener)
    else this.#onEnded = listener
  }

  close(): void {
    this.#onEnded = undefined
    this.#ended = true
    this.#socket.destroy()
  }
}

export type Target = {
  readonly address: string
  readonly port: number
  readonly tls?: boolean | undefined
  /** Whose certificate a TLS server should show, where it has several. */
  readonly host?: string | undefined
  /** The protocols to offer within TLS. */
  readonly alpn?: readonly string[] | undefined
}

/**
 * A socket on its way to `target`; `connect` (or `secureConnect`) tells that it has arrived.
 * @param onError hears of its errors from the first moment: where the machine has no way to the address, that is before it is handed over
 * @param mayReach is asked about each address that the target leads to; left out: it may be anywhere
 */
export async function openSocket(
  { address, port, tls = false, host, alpn }: Target,
  onError: (error: Error) => void,
  mayReach?: MayReach,
): Promise<Socket> {
  const lookup = mayReach && judgedLookup({ address, port }, mayReach)
  const options = { host: address, port, noDelay: true, ...(lookup ? { lookup } : {}) }
  if (!tls) return connectTcp(options).on('error', onError)
  const { connect } = await import('node:tls')
  // The question is whether the service answers, not who vouches for it; nothing secret is sent.
  const named = host && !isIP(host) ? { servername: host } : {}
  const secured = { rejectUnauthorized: false, ...named, ...(alpn ? { ALPNProtocols: [...alpn] } : {}) }
  return connect({ ...options, ...secured }).on('error', onError)
}

/** What an error of a connection says of the server at its other end. */
export function verdictOfError(error: unknown): Verdict {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
  switch (code) {
    case 'ECONNREFUSED':
      return { health: 'critical', reason: reason('refused') }
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return { health: 'critical', reason: reason('reset') }
    case 'ETIMEDOUT':
      return { health: 'critical', reason: reason('timeout') }
    // The prober's own trouble says nothing of the server.
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
    case 'EADDRNOTAVAIL':
    // Where nobody may send the prober, it has no word.
    case 'EHEDDLE_NOT_REACHABLE':
      return { health: 'unknown', reason: reason('unreachable', { error: code }) }
    default:
      if (isNotTls(error)) return { health: 'critical', reason: reason('bad_answer', { error: 'not TLS' }) }
      return { health: 'critical', reason: reason('unreachable', { error: code.slice(0, 60) }) }
  }
}

/** Whether a handshake failed because the other side answered in the clear, by what OpenSSL says of its first bytes. */
function isNotTls(error: unknown): boolean {
  return (
    error instanceof Error &&
    /SSL routines.*(wrong version number|packet length too long|http request)/.test(error.message)
  )
}
