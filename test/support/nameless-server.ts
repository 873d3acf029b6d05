/**
 * Servers that do not say who they are, all in one process and at every address.
 *
 *   node test/support/nameless-server.ts --port 8083 [--port 8080] [--silent 3306]
 *
 * A `port` answers GET /health with {"status":"UP"} and anything else with 404; `silent` takes connections and says nothing.
 */
import { createServer } from 'node:http'
import { createServer as createPlainServer } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    port: { type: 'string', multiple: true, default: [] },
    silent: { type: 'string', multiple: true, default: [] },
  },
})
for (const port of values.port) {
  createServer((request, response) => {
    const status = request.url === '/health' ? 200 : 404
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"UP"}')
  }).listen(Number(port), '0.0.0.0')
}
for (const port of values.silent) {
  createPlainServer((socket) => socket.on('error', () => {}).resume()).listen(Number(port), '0.0.0.0')
}
