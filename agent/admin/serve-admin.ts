import { createServer } from 'node:http'
import { type Listening, listen } from '#shared/http/listen.ts'
import { checksText } from './checks-text.ts'
import { metricsText } from './metrics-text.ts'
import { type AgentState, healthOf } from './state.ts'

export type AdminSettings = { readonly enabled: boolean; readonly address: string; readonly port: number }
export type AdminServer = Listening

/** Whoever collects the metrics, and a few people. */
const mostConnections = 100
/** Questions have no body, and nobody needs long to ask one. */
const impatience = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 } as const

/** Serves the agent's own /health, /checks and /metrics, unless it is switched off. Throws PORT_TAKEN. */
export async function serveAdmin(
  { enabled, address, port }: AdminSettings,
  read: () => AgentState,
): Promise<AdminServer | undefined> {
  if (!enabled) return undefined
  const server = createServer(impatience, (request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
    else if (path === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(healthOf(read()))}\n`)
    } else if (path === '/checks') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(checksText(read()))
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metricsText(read()))
    } else response.writeHead(404).end()
  })
  server.maxConnections = mostConnections
  return listen(server, { address, port }, 'admin.port')
}
