import { createServer, type Server, type Socket } from 'node:net'
import { type HandleParts, handle } from './handle.ts'
import { mostRequest, type Refusal } from './request.ts'

/** One agent asks one thing at a time, and measures beside it. */
const mostConnections = 8

export type ServeParts = HandleParts & {
  /** A request has to be there within so many milliseconds. */
  readonly sayWithinMs: number
}

/** Who asks, and since when nobody does. */
export type Doors = {
  readonly server: Server
  /** For how long nobody has been asking, in milliseconds; 0 while somebody does. */
  readonly idleMs: () => number
}

/** One request on each connection: a line of JSON, answered by a line of JSON, then it is closed. */
export function openDoors(parts: ServeParts): Doors {
  let open = 0
  let last = performance.now()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open += 1
    socket.once('close', () => {
      open -= 1
      last = performance.now()
    })
    converse(socket, parts)
  })
  server.maxConnections = mostConnections
  return { server, idleMs: () => (open > 0 ? 0 : performance.now() - last) }
}

function converse(socket: Socket, parts: ServeParts): void {
  const chunks: Buffer[] = []
  let bytes = 0
  let asked = false
  const say = (answer: object) => {
    clearTimeout(deadline)
    if (socket.destroyed) return
    socket.end(`${JSON.stringify(answer)}\n`)
    // Whoever never takes the answer, or never closes its side, would keep a place that others need.
    deadline = setTimeout(() => socket.destroy(), parts.sayWithinMs)
  }
  const refuse = (why: string) => {
    asked = true
    parts.log.warn({ why }, 'a request is refused')
    say({ ok: false, code: 'malformed', why } satisfies Refusal)
    // Whoever goes on talking is not listened to.
    socket.destroySoon()
  }
  let deadline = setTimeout(() => {
    if (!asked) refuse(`no line within ${parts.sayWithinMs} ms`)
  }, parts.sayWithinMs)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(deadline))
  socket.on('end', () => {
    if (!asked) socket.destroy()
  })
  socket.on('data', (chunk: Buffer) => {
    if (asked) return
    const end = chunk.indexOf(0x0a)
    bytes += end < 0 ? chunk.length : end + 1
    if (bytes > mostRequest) return refuse(`a request has ${mostRequest} bytes at most`)
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
    if (end < 0) return
    asked = true
    clearTimeout(deadline)
    void handle(Buffer.concat(chunks).toString('utf8'), parts).then(say)
  })
}
