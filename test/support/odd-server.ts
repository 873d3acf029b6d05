/**
 * A small HTTP server with the habits that real ones have: one that serves a single connection at a time, and one that closes idle
 * connections when it likes.
 *
 *   node test/support/odd-server.ts --port 8080 [--single] [--idle-ms 0]
 *
 * Every request is answered with 200 and how many there were so far: {"status":"UP","requests":3,"connections":2}
 */
import { createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    /** Another connection is served only when the one before has ended. */
    single: { type: 'boolean', default: false },
    /** Idle connections are closed after this time; not at all by default. */
    'idle-ms': { type: 'string' },
  },
})
let requests = 0
let connections = 0
let busy: Socket | undefined
const waiting: Socket[] = []

const server = createServer({ pauseOnConnect: true }, (socket) => {
  connections += 1
  socket.on('error', () => {})
  socket.on('close', () => {
    if (busy === socket) busy = undefined
    serveNext()
  })
  waiting.push(socket)
  serveNext()
})
server.listen(Number(values.port), '127.0.0.1', () => process.stdout.write('listening\n'))

function serveNext(): void {
  while (waiting.length > 0 && !(values.single && busy)) {
    const socket = waiting.shift()
    if (socket === undefined || socket.destroyed) continue
    busy = socket
    serve(socket)
  }
}

function serve(socket: Socket): void {
  let text = ''
  let idle: NodeJS.Timeout | undefined
  socket.on('data', (chunk) => {
    clearTimeout(idle)
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const close = /^connection:\s*close/im.test(text.slice(0, end))
      text = text.slice(end + 4)
      requests += 1
      const body = JSON.stringify({ status: 'UP', requests, connections })
      const head = [
        'HTTP/1.1 200 OK',
        `Content-Length: ${body.length}`,
        `Connection: ${close ? 'close' : 'keep-alive'}`,
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
      if (close) socket.end()
      else if (values['idle-ms'] !== undefined) idle = setTimeout(() => socket.end(), Number(values['idle-ms']))
    }
  })
  socket.on('end', () => socket.end())
  socket.resume()
}
