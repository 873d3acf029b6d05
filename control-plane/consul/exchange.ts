import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { mostAnswerBytes, tooLarge } from './bounds.ts'

export type ExchangeOptions = {
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
  /** For the whole answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export type WholeAnswer = { readonly status: number; readonly body: Buffer }

/** Sends a body and reads the whole answer. The request is under way before this returns. Rejects with what the connection met. */
export function exchange(url: URL, body: Buffer, options: ExchangeOptions): Promise<WholeAnswer> {
  const { agent, headers, timeoutMs, signal } = options
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'PUT',
      agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': String(body.length) },
    })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const abort = () => sent.destroy(new Error('broken off'))
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    sent.on('error', (error) => end(() => reject(error)))
    sent.on('response', (response) => {
      readAll(response).then(
        (all) => end(() => resolve({ status: response.statusCode ?? 0, body: all })),
        (error: unknown) => end(() => reject(error)),
      )
    })
    sent.end(body)
  })
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response) {
    bytes += piece.length
    // Leaving the loop ends the connection.
    if (bytes > mostAnswerBytes) throw tooLarge()
    pieces.push(piece)
  }
  const [only] = pieces
  return pieces.length === 1 && only ? only : Buffer.concat(pieces)
}
