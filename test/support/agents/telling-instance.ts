import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the agent beside it asks for, whenever that is due. */
const ofAgents = new Set<string | undefined>(['/health', '/metrics'])

/** An instance that tells with which headers it was asked, and under `:path` for what. */
export async function startTellingInstance() {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    if (!ofAgents.has(request.url)) seen.push({ ...request.headers, ':path': request.url })
    response.end('{"status":"ok"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
