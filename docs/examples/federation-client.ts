// A service that answers by asking another one, in whichever cluster can do it best:
//
//   PLANE=http://127.0.0.1:8888 PORT=9300 node docs/examples/federation-client.ts
//
// GET /<service>/<path> is passed on. The time that the caller has left is passed on too.
import { createServer } from 'node:http'
import { leftOf, openClient } from 'heddle/client'

const { PLANE = 'http://127.0.0.1:8888', PORT = '9300', CACHE } = process.env
const client = await openClient({ planes: [PLANE], ...(CACHE === undefined ? {} : { cacheFile: CACHE }) })

const server = createServer(async (request, response) => {
  const [, service = '', ...path] = (request.url ?? '/').split('/')
  try {
    const answer = await client.call(service, {
      path: `/${path.join('/')}`,
      timeoutMs: leftOf(request.headers, 0) ?? 2_000,
    })
    const by = answer.taken.attempts.at(-1)
    response.writeHead(answer.status, { 'x-answered-by': `${by?.instance} of ${by?.cluster}` }).end(answer.body)
  } catch (error) {
    // What was tried, and why nothing came of it.
    response.writeHead(503).end(error instanceof Error ? `${error.message}: ${error.cause}\n` : '')
  }
})
server.listen(Number(PORT), '127.0.0.1', () => process.stdout.write(`listening on ${PORT}\n`))

process.once('SIGTERM', async () => {
  server.close()
  server.closeAllConnections()
  await client[Symbol.asyncDispose]()
})
