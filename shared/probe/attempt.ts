import type { Socket } from 'node:net'
import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { type Connection, openSocket, type Target, verdictOfError } from './connection.ts'
import type { MayReach } from './judged-lookup.ts'

export type ProbeOptions = {
  /** Gives the probe up; it then answers `unknown`. */
  readonly signal?: AbortSignal | undefined
  /** Asks the server to keep the connection, and hands it over if it does. */
  readonly keepConnection?: boolean
  /** Is asked about each address that the target leads to, where somebody else says where to probe; left out: it may be anywhere. */
  readonly mayReach?: MayReach | undefined
}

export type ProbeResult = {
  readonly verdict: Verdict
  readonly tookMs: number
  /** Only if it was asked for and the server keeps it open. */
  readonly connection?: Connection
}

export type Ended = { readonly verdict: Verdict; readonly connection?: Connection }

/**
 * One attempt on a new connection: at most `timeoutMs` in all, never rejects, leaves no socket behind but the one handed over.
 * @param talk is called with the socket on its way; it calls `end` when it knows the verdict
 */
export function attempt(
  target: Target & { readonly timeoutMs: number },
  { signal, mayReach }: ProbeOptions,
  talk: (socket: Socket, end: (ended: Ended) => void) => void,
): Promise<ProbeResult> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let socket: Socket | undefined
    let over = false
    const end = ({ verdict, connection }: Ended) => {
      if (over) return
      over = true
      clearTimeout(deadline)
      signal?.removeEventListener('abort', giveUp)
      if (connection === undefined) socket?.destroy()
      const tookMs = performance.now() - startedAt
      resolve(connection === undefined ? { verdict, tookMs } : { verdict, tookMs, connection })
    }
    const giveUp = () => end({ verdict: { health: 'unknown', reason: reason('no_verdict') } })
    // What has already arrived is read before the deadline counts.
    const deadline = setTimeout(
      () => setImmediate(() => end({ verdict: { health: 'critical', reason: reason('timeout') } })),
      target.timeoutMs,
    )
    if (signal?.aborted) return giveUp()
    signal?.addEventListener('abort', giveUp, { once: true })
    const fail = (error: unknown) => end({ verdict: verdictOfError(error) })
    const begin = (opened: Socket) => {
      socket = opened
      if (over) return void opened.destroy()
      talk(opened, end)
    }
    openSocket(target, fail, mayReach).then(begin).catch(fail)
  })
}
