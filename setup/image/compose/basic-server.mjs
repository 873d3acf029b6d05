// A Basic Server to look at: it knows nothing of clustering, says who it is, and answers for itself. PORT is where (8080), NAME is what
// it is called (basic-server).
import { createServer } from 'node:http'
import { hostname } from 'node:os'

const { PORT = '8080', NAME = 'basic-server' } = process.env
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const body =
    pathname === '/health'
      ? { status: 'healthy', service: NAME, version: '1.0.0' }
      : { service: NAME, instance: hostname(), path: request.url }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
})
server.listen(Number(PORT), () => process.stdout.write(`${NAME} listens on ${PORT}\n`))
process.once('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
})
