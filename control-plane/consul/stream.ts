import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { mostListBytes, tooLarge } from './bounds.ts'
import type { ExchangeOptions } from './exchange.ts'
import { Rows } from './rows.ts'

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

export type StreamOptions = ExchangeOptions & {
  /** So long nothing may come: a connection on which packets are lost says nothing, and never will. */
  readonly silentMs: number
}

/** The elements of the JSON array at `url`, in groups as they come. Rejects with ErrorStatus, or with what the connection met. */
export async function* streamRows(url: URL, options: StreamOptions): AsyncGenerator<readonly unknown[]> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  const response = await open(url, options, signal)
  if (response.statusCode !== 200) throw new ErrorStatus(response.statusCode ?? 0, await readText(response))
  if (response.headers['x-consul-index'] === undefined) throw new TypeError('no index')
  const rows = new Rows()
  let bytes = 0
  for await (const piece of response) {
    bytes += piece.length
    if (bytes > mostListBytes) throw tooLarge()
    const complete = rows.push(piece)
    if (complete.length > 0) yield complete
  }
  rows.end()
}

function open(url: URL, { agent, headers, silentMs }: StreamOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers, signal, timeout: silentMs }, resolve)
    // Also while the answer is read, which then breaks off.
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${silentMs} ms`)))
    sent.on('error', reject)
    sent.end()
  })
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of response) if (text.length < 10_000) text += String(piece)
  return text
}
