/**
 * The services of one host of the platform in one process:
 *
 *   node test/support/platform/servers.ts '{"services": [{"name": "user-service", "instance": "user-1", "port": 8081}], "keys": "jwks.json"}'
 *
 * GET /health says who it is; a WebSocket is echoed; every other request is answered with what arrived. In the query, `delay_ms` has it wait,
 * `reset` has the instance whose name ends in `-1` break the connection, `stream` gives the first line and the second when `/_release` is
 * posted to any of them. `/_seen` of any of them tells what all were asked. /.well-known/jwks.json is the file `keys`; /api/v1/auth/verify
 * knows the tokens `good` and `reader`.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import type { PlatformServer } from './plan.ts'

export type Arrived = {
  readonly service: string
  readonly instance: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Its length in bytes, and their SHA-256 in hexadecimal. */
  readonly body: readonly [bytes: number, hash: string]
}

type Options = { readonly services: readonly PlatformServer[]; readonly keys: string }

const { services, keys }: Options = JSON.parse(process.argv[2] ?? '')
const seen: Arrived[] = []
const held = new Set<ServerResponse>()
const permissions: Readonly<Record<string, readonly string[]>> = {
  'Bearer good': ['service:access', 'data:read'],
  'Bearer reader': ['data:read'],
}

for (const each of services) {
  const server = createServer((request, response) => {
    answer(each, request, response).catch(() => response.destroy())
  })
  server.on('error', (error) => {
    process.stderr.write(`${each.name}: ${error.message}\n`)
    process.exit(1)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, { url, headers }) => {
    socket.on('message', (text) => socket.send(`${each.instance} ${url} ${headers['x-client-id']} ${text}`))
  })
  server.listen(each.port, '127.0.0.1')
}
process.stdout.write('listening\n')

async function answer(
  { name: service, instance }: PlatformServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headersDistinct } = request
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  if (pathname === '/health') return say(response, { status: 'healthy', service, instance })
  if (pathname === '/_seen') return say(response, seen)
  if (pathname === '/_release') {
    for (const each of held) each.end('second\n')
    return say(response, {})
  }
  if (pathname === '/.well-known/jwks.json') return say(response, JSON.parse(await readFile(keys, 'utf8')))
  if (pathname === '/api/v1/auth/verify') {
    const granted = permissions[request.headers.authorization ?? '']
    return say(
      response,
      granted ? { valid: true, data: { user_id: 'user-7', permissions: granted } } : { valid: false },
    )
  }
  const bytes = await buffer(request)
  const headers = Object.fromEntries(Object.entries(headersDistinct).map(([key, values = []]) => [key, values.join()]))
  const hash = createHash('sha256').update(bytes).digest('hex')
  const arrived: Arrived = { service, instance, method, url, headers, body: [bytes.length, hash] }
  seen.push(arrived)
  if (searchParams.has('reset') && instance.endsWith('-1')) return void request.socket.resetAndDestroy()
  await pause(Number(searchParams.get('delay_ms') ?? 0))
  response.setHeader('x-powered-by', 'the platform')
  if (!searchParams.has('stream')) return say(response, arrived)
  held.add(response)
  response.on('close', () => held.delete(response))
  response.write('first\n')
}

function say(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}
