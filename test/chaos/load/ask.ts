import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export type Answer = { readonly status: number; readonly body: string }

export type Asking = {
  readonly method?: string
  readonly body?: object
  /** A connection is made, and the answer has come, within this time. */
  readonly withinMs: number
  /** Connections that are kept; undefined: a new one for each. */
  readonly agent?: Agent
}

/** One HTTP request; rejects if there is no whole answer in time. */
export function ask(url: string, { method = 'GET', body, withinMs, agent }: Asking): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        method,
        agent: agent ?? new Agent(),
        signal: AbortSignal.timeout(withinMs),
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
      },
    )
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
