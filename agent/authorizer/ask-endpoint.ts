import type { Agent } from 'node:http'
import { explainError } from '#shared/failure/failure.ts'
import { readBounded } from '#shared/http/read-bounded.ts'
import { longestWaitMs } from '#shared/lifecycle/repeat.ts'
import type { AskedEndpoint } from '#shared/protocol/authorizer.ts'
import type { VerifyAnswer } from '#shared/tokens/verify-answer.ts'

/** What came of a question. */
export type Asked =
  | ({ readonly kind: 'answered' } & VerifyAnswer)
  /** `stale`: on a connection that was kept and that the other side had just given up. */
  | { readonly kind: 'failed'; readonly why: string; readonly stale: boolean }

export type Question = {
  readonly path: string
  readonly authorization?: string | undefined
  readonly connectMs: number
  readonly timeoutMs: number
  readonly mostBytes: number
}

/** How a service is reached: connections that are kept, and TLS where it speaks that. */
export type Way = {
  readonly agent: Agent
  readonly request: typeof import('node:http').request
  /** The name by which it is spoken to, where that is not its address. */
  readonly host: string | undefined
}

/** Asks one endpoint by GET, within its time; reads a bounded answer, follows nothing. Never rejects. */
export function askEndpoint({ address, port }: AskedEndpoint, question: Question, way: Way): Promise<Asked> {
  const { path, authorization, connectMs, timeoutMs, mostBytes } = question
  const headers = {
    'user-agent': 'heddle',
    accept: 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
    ...(way.host === undefined ? {} : { host: way.host }),
  }
  return new Promise<Asked>((resolve) => {
    let connecting: NodeJS.Timeout | undefined
    const end = (asked: Asked) => {
      clearTimeout(deadline)
      clearTimeout(connecting)
      resolve(asked)
    }
    const fail = (why: string, stale = false) => {
      end({ kind: 'failed', why, stale })
      request.destroy()
    }
    const request = way.request({ host: address, port, path, headers, agent: way.agent }, (response) => {
      readBounded(response, mostBytes).then(
        (read) => end({ kind: 'answered', status: response.statusCode ?? 0, ...read }),
        (error) => fail(explainError(error)),
      )
    })
    const deadline = setTimeout(() => fail('no answer in time'), Math.min(timeoutMs, longestWaitMs))
    request.on('socket', (socket) => {
      if (!socket.connecting) return
      connecting = setTimeout(() => fail('no connection in time'), Math.min(connectMs, longestWaitMs))
      socket.once('connect', () => clearTimeout(connecting))
    })
    request.on('error', (error) => fail(explainError(error), request.reusedSocket))
    request.end()
    // A path that cannot be asked for, say.
  }).catch((error: unknown): Asked => ({ kind: 'failed', why: explainError(error), stale: false }))
}
