import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export type Answer = { readonly status: number; readonly type: string | undefined; readonly body: string }

/** One request on a connection of its own, its path exactly as given. Rejects if there is no whole answer within 10 s. */
export function ask(
  port: number,
  path: string,
  method = 'GET',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(10_000)
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false, signal }, (response) => {
      const answer = { status: response.statusCode ?? 0, type: response.headers['content-type'] }
      text(response).then((body) => resolve({ ...answer, body }), reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}
