import type { Http2Server, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** The connections of a server. */
export type Connections = {
  /** Says goodbye on all of them, and then hangs up. */
  end(): void
}

/** How long the other end has to hang up by itself. */
const goodbyeMs = 1_000

/**
 * Ends connections whose other end does not answer a ping, or has said goodbye and does not hang up: whoever's machine is gone says nothing
 * at all.
 */
export function watchConnections(server: Http2Server, everyMs = 5_000): Connections {
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  const late = new Set<ServerHttp2Session | Socket>()
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => {
      sessions.delete(session)
      late.delete(session)
    })
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      late.delete(socket)
    })
  })
  let ask = false
  const look = () => {
    ask = !ask
    if (ask) {
      for (const session of sessions) {
        // One that was ended stays here until its socket is closed.
        if (session.destroyed) continue
        late.add(session)
        session.ping(() => late.delete(session))
      }
      for (const socket of sockets) if (socket.writableEnded) late.add(socket)
      return
    }
    // What has come while this process was busy is read first.
    setImmediate(() => {
      for (const each of late) each.destroy()
    })
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  return {
    end() {
      clearInterval(timer)
      for (const session of sessions) session.destroy()
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, goodbyeMs).unref()
    },
  }
}
