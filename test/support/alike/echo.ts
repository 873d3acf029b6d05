import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { permissions } from './world.ts'

/** What the proxies add in ways of their own, or what belongs to one connection. */
const own =
  /^(?:connection|keep-alive|transfer-encoding|content-length|x-request-id|x-forwarded-(?:for|port)|x-envoy-.*)$/

/** Answers with what it saw, in a header, so that answers without a body tell it too. */
export function echo(service: string) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const hash = createHash('sha256')
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      bytes += chunk.length
    })
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
          own.test(name) ? [] : [[name, values.join(',')]],
        ),
      )
      const seen = {
        service,
        method: request.method,
        url: request.url,
        headers,
        body: bytes === 0 ? '' : `${bytes} ${hash.digest('hex')}`,
      }
      response.setHeader('x-seen', Buffer.from(JSON.stringify(seen)).toString('base64url'))
      response.setHeader('x-secret', 'from the service')
      response.setHeader('content-type', 'text/plain')
      response.end('seen')
    })
  }
}

/** The agent's authorizer as the proxies know it: `good` may do all, `reader` may read, every other token is none. */
export function authorize(request: IncomingMessage, response: ServerResponse): void {
  const asked = String(request.headers['x-heddle-permissions'] ?? '')
    .split(' ')
    .filter(Boolean)
  const known: Readonly<Record<string, readonly string[]>> = {
    'Bearer good': permissions,
    'Bearer reader': permissions.slice(0, 1),
  }
  const may = known[request.headers.authorization ?? '']
  response.setHeader('x-heddle-subject', may ? 'user-7' : '')
  response.writeHead(may === undefined ? 401 : asked.every((each) => may.includes(each)) ? 200 : 403).end()
}
