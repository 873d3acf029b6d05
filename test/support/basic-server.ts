/**
 * A Basic Server to test with: knows nothing of clustering, answers for itself, and can be told to misbehave.
 *
 *   node test/support/basic-server.ts --name basic-server --instance a --port 8080 [--site tencent] [--keep-alive-ms 5000]
 *
 * GET  /health    its health; any other path says who answered what
 * POST /_switch   {"mode": "ok" | "warning" | "fail" | "hang" | "slow", "delayMs"?, "name"?}
 * GET  /_stats    what it has been asked so far
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { answerOf, type Behaviour, parseSwitch } from './routing/behaviour.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'basic-server' },
    instance: { type: 'string', default: 'a' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    site: { type: 'string', default: '' },
    'keep-alive-ms': { type: 'string', default: '5000' },
  },
})
const who = { instance: values.instance, site: values.site }
const stats = { requests: 0, health: 0, inFlight: 0, connections: 0, accepted: 0 }
const held = new Set<ServerResponse>()
let behaviour: Behaviour = { mode: 'ok', name: values.name, delayMs: 3_000 }

const server = createServer({ keepAliveTimeout: Number(values['keep-alive-ms']) }, (request, response) => {
  serve(request, response).catch(() => response.destroy())
})
// By default Node waits a second longer than it was told.
server.keepAliveTimeoutBuffer = 0
server.on('connection', (socket) => {
  stats.connections += 1
  stats.accepted += 1
  socket.on('close', () => {
    stats.connections -= 1
  })
})
server.listen({ host: values.host, port: Number(values.port) }, () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`listening on ${values.host}:${port}\n`)
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)

/** Takes no new connections, finishes what has been begun, and lets go of what will never be answered. */
function end(): void {
  server.close()
  for (const response of held) response.destroy()
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/_stats') return answer(response, 200, stats)
  if (pathname === '/_switch') return turn(request, response)
  stats[pathname === '/health' ? 'health' : 'requests'] += 1
  stats.inFlight += 1
  response.once('close', () => {
    stats.inFlight -= 1
  })
  const { mode, delayMs } = behaviour
  if (mode === 'hang') return hold(response)
  if (mode === 'slow') await pause(delayMs)
  const asked = Number(searchParams.get('delay_ms') ?? 0)
  if (asked > 0) await pause(asked)
  const { status, body } = answerOf(behaviour, who, {
    path: request.url ?? '/',
    pathname,
    method: request.method ?? 'GET',
    headers: request.headers,
  })
  answer(response, status, body)
}

function hold(response: ServerResponse): void {
  held.add(response)
  response.once('close', () => held.delete(response))
  if (!server.listening) response.destroy()
}

async function turn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const next = parseSwitch(behaviour, text)
  if (next === undefined) return answer(response, 400, { error: 'expected {"mode", "name"?, "delayMs"?}' })
  behaviour = next
  answer(response, 200, behaviour)
}

function answer(response: ServerResponse, status: number, body: object): void {
  // While it ends, a client must not keep a connection for a request that would be lost.
  if (!server.listening) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}
