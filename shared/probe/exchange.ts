import type { Socket } from 'node:net'
import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'
import type { Target } from './connection.ts'

/** What follows from the bytes that have come so far. */
export type Step =
  /** They do not say enough yet. */
  | { readonly kind: 'more' }
  /** Something has to be said before the server goes on. */
  | { readonly kind: 'say'; readonly bytes: Uint8Array }
  /** `goodbye` is said before the connection is closed. */
  | { readonly kind: 'end'; readonly verdict: Verdict; readonly goodbye?: Uint8Array }

export const more: Step = { kind: 'more' }

export type Exchange = {
  /** What is said first, where the client speaks first. */
  readonly opening?: Uint8Array
  /** The server's bytes are read up to here, and no further. */
  readonly mostBytes: number
  /**
   * Pure; never throws, whatever the bytes.
   * @param bytes all that has come so far
   * @param said how often something has been said in answer
   */
  readonly read: (bytes: Buffer, said: number) => Step
}

const mostSaid = 4

/** One short exchange of a protocol, bounded in bytes both ways. */
export function exchange(
  target: Target & { readonly timeoutMs: number },
  options: ProbeOptions,
  what: Exchange,
): Promise<ProbeResult> {
  return attempt(target, options, (socket, end) => converse(socket, what, (verdict) => end({ verdict })))
}

/** The same on a socket that somebody else opened, watches over and closes. */
export function converse(
  socket: Socket,
  { opening, mostBytes, read }: Exchange,
  end: (verdict: Verdict) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0)
  let said = 0
  const look = () => {
    for (;;) {
      const step = read(bytes, said)
      if (step.kind === 'end') {
        if (step.goodbye) socket.write(step.goodbye)
        return end(step.verdict)
      }
      if (step.kind === 'more') break
      said += 1
      if (said > mostSaid) return end(badAnswer('endless'))
      socket.write(step.bytes)
    }
    if (bytes.length >= mostBytes) end(badAnswer('too long'))
  }
  const onEnd = () => end(bytes.length === 0 ? lost : badAnswer('ended early'))
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk.subarray(0, mostBytes - bytes.length)])
    look()
  })
  socket.on('end', onEnd).on('close', onEnd)
  // Written before it is connected, it leaves with the first packet after the handshake.
  if (opening) socket.write(opening)
}

const lost: Verdict = { health: 'critical', reason: reason('reset') }
export const ok: Verdict = { health: 'passing', reason: reason('ok') }
/** It lives; that it wants to know who asks is no fault. */
export const needsLogin: Verdict = { health: 'passing', reason: reason('needs_login') }

/** The bytes are no answer of the protocol. `error` is ours, not the server's. */
export function badAnswer(error: string): Verdict {
  return { health: 'critical', reason: reason('bad_answer', { error }) }
}

export function ended(verdict: Verdict): Step {
  return { kind: 'end', verdict }
}
