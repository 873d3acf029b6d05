import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Rows } from './rows.ts'

export type StreamOptions = {
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
  /** For the whole answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** An answer with an error status: its text is in `text`. */
export class ErrorStatus extends Error {
  readonly status: number
  readonly text: string

  constructor(status: number, text: string) {
    super(`status ${status}`)
    this.status = status
    this.text = text
  }
}

/** The elements of the JSON array at `url`, in groups as they come. Rejects with ErrorStatus, or with what the connection met. */
export async function* streamRows(url: URL, options: StreamOptions): AsyncGenerator<readonly unknown[]> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  const response = await open(url, options, signal)
  if (response.statusCode !== 200) throw new ErrorStatus(response.statusCode ?? 0, await readText(response))
  const rows = new Rows()
  for await (const piece of response) {
    const complete = rows.push(piece)
    if (complete.length > 0) yield complete
  }
  rows.end()
}

function open(url: URL, { agent, headers }: StreamOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    request(url, { agent, headers, signal }, resolve).on('error', reject).end()
  })
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of response) if (text.length < 10_000) text += String(piece)
  return text
}
