import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** The connections of a server. */
export type Connections = {
  /** How many there are. */
  readonly open: number
  /** Says goodbye on all of them, and then hangs up. */
  end(): void
}

/** Is told of a connection that is ended since its other end does not answer: it has gone, or reads nothing. */
export type OnSilent = (from: string) => void

/** How long the other end has to hang up by itself. */
const goodbyeMs = 1_000

/**
 * Ends connections whose other end does not answer a ping, or has said goodbye and does not hang up: whoever's machine is gone says nothing
 * at all.
 */
export function watchConnections(
  server: Http2Server | Http2SecureServer,
  everyMs = 5_000,
  onSilent: OnSilent = () => {},
): Connections {
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  const late = new Set<ServerHttp2Session | Socket>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    const stop = everyOther(
      everyMs,
      () => {
        // One that was ended stays here until its socket is closed.
        if (session.destroyed) return
        late.add(session)
        session.ping(() => late.delete(session))
      },
      () => {
        if (!late.has(session)) return
        if (!session.destroyed) onSilent(`${session.socket?.remoteAddress}:${session.socket?.remotePort}`)
        session.destroy()
      },
    )
    session.once('close', () => {
      stop()
      sessions.delete(session)
      late.delete(session)
    })
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    const stop = everyOther(
      everyMs,
      () => {
        if (socket.writableEnded) late.add(socket)
      },
      () => {
        if (late.has(socket)) socket.destroy()
      },
    )
    socket.once('close', () => {
      stop()
      sockets.delete(socket)
      late.delete(socket)
    })
  })
  return {
    get open() {
      return sockets.size
    },
    end() {
      for (const session of sessions) session.destroy()
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, goodbyeMs).unref()
    },
  }
}

/**
 * Asks, and looks at the answer the next time, by a clock that begins now: each connection has its own, since hundreds that are asked in one go
 * hold up what they are told just then. Returns how to stop.
 */
function everyOther(everyMs: number, ask: () => void, look: () => void): () => void {
  let asked = false
  const timer = setInterval(() => {
    asked = !asked
    if (asked) ask()
    // What has come while this process was busy is read first.
    else setImmediate(look)
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
