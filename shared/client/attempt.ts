import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Callable } from './callable.ts'
import { type Ending, endingOf } from './ending.ts'

export type Sent = {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

export type Attempted = {
  readonly ending: Ending
  /** Only where it was answered. */
  readonly answer?: { readonly headers: IncomingHttpHeaders; readonly body: Buffer }
}

export type AttemptLimits = {
  readonly agent: Agent
  readonly connectTimeoutMs: number
  readonly mostAnswerBytes: number
  /** Ends it: aborted by the time of the call (`timedOut`) or by its caller. */
  readonly signal: AbortSignal
  readonly timedOut: () => boolean
}

/** Sends one request to one instance and reads the whole answer. Never rejects. */
export function attempt({ address, port }: Callable, sent: Sent, limits: AttemptLimits): Promise<Attempted> {
  const { agent, connectTimeoutMs, mostAnswerBytes, signal, timedOut } = limits
  return new Promise((resolve) => {
    let connected = false
    const { method, path, headers, body } = sent
    const length = body === undefined ? {} : { 'content-length': String(body.byteLength) }
    const asked = request({ host: address, port, method, path, headers: { ...headers, ...length }, agent, signal })
    const waiting = setTimeout(() => asked.destroy(codeError('ETIMEDOUT')), connectTimeoutMs)
    const end = (attempted: Attempted) => {
      clearTimeout(waiting)
      resolve(attempted)
    }
    const fail = (error: Error) => {
      if (signal.aborted) end({ ending: { kind: timedOut() ? 'timeout' : 'given-up' } })
      else end({ ending: endingOf('code' in error ? String(error.code) : error.message, connected) })
    }
    const isConnected = () => {
      connected = true
      clearTimeout(waiting)
    }
    asked.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', isConnected)
      else isConnected()
    })
    asked.on('error', fail)
    asked.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > mostAnswerBytes) response.destroy(codeError('ANSWER_TOO_LARGE'))
      })
      response.on('error', fail)
      response.on('end', () => {
        const ending = { kind: 'answered', status: response.statusCode ?? 0 } as const
        end({ ending, answer: { headers: response.headers, body: Buffer.concat(chunks) } })
      })
    })
    asked.end(body)
  })
}

function codeError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
