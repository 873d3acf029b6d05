import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { type Listening, listen } from '#shared/http/listen.ts'
import { checksText } from './checks-text.ts'
import { judgeCaller } from './judge-caller.ts'
import { metricsText } from './metrics-text.ts'
import { type AgentState, healthOf } from './state.ts'

export type AdminSettings = {
  readonly enabled: boolean
  readonly address: string
  readonly port: number
  /** By which it is asked besides its addresses and the host's name. */
  readonly names: readonly string[]
}
export type AdminServer = Listening

/** Whoever collects the metrics, and a few people. */
const mostConnections = 100
/** Questions have no body, and nobody needs long to ask one. */
const impatience = {
  ...{ headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 },
  ...{ keepAliveTimeout: 60_000, maxHeaderSize: 16 * 1024 },
} as const

const plain = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' } as const

/** Serves the agent's own /health, /checks and /metrics, unless it is switched off. Throws PORT_TAKEN. */
export async function serveAdmin(
  { enabled, address, port, names }: AdminSettings,
  read: () => AgentState,
): Promise<AdminServer | undefined> {
  if (!enabled) return undefined
  const known = [hostname(), ...names]
  const server = createServer(impatience, (request, response) => {
    const path = request.url?.split('?', 1)[0]
    const { host, origin, 'sec-fetch-site': site } = request.headers
    const refused = judgeCaller({ method: request.method, host, origin, site: site?.toString() }, known)
    if (refused) {
      const allow = refused.status === 405 ? { allow: 'GET, HEAD' } : {}
      response.writeHead(refused.status, { ...plain, ...allow }).end(`${refused.why}\n`)
    } else if (path === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(healthOf(read()))}\n`)
    } else if (path === '/checks') {
      response.writeHead(200, plain).end(checksText(read()))
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metricsText(read()))
    } else response.writeHead(404).end()
  })
  server.maxConnections = mostConnections
  return listen(server, { address, port }, 'admin.port')
}
