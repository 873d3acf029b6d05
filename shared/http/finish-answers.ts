import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as SecureServer } from 'node:https'
import { type Socket, Server as SocketServer } from 'node:net'

/**
 * How a server that is to end answers to the last; called before it listens. It takes no more connections, answers what has come and what
 * the connections that it took are about to ask, for as long as `withinMs`, and closes each that is done. What was upgraded stays as it is.
 * Where the socket that it listens on outlives it, whoever comes later waits in there.
 */
export function finishAnswers(server: Server): (withinMs: number) => Promise<void> {
  /** With the answer that is under way; new: its first question has not come. An answer that was given is not held. */
  const open = new Map<Socket, ServerResponse | 'new' | 'kept'>()
  let onDone: (() => void) | undefined
  const gone = (socket: Socket) => {
    open.delete(socket)
    if (open.size === 0) onDone?.()
  }
  server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    open.set(socket, 'new')
    socket.once('close', () => gone(socket))
  })
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    open.set(socket, response)
    response.once('close', () => {
      if (open.get(socket) === response) open.set(socket, 'kept')
    })
    if (onDone) response.shouldKeepAlive = false
  })
  return (withinMs) =>
    new Promise((resolve) => {
      const late = setTimeout(resolve, withinMs)
      onDone = () => {
        clearTimeout(late)
        resolve()
      }
      // Not the HTTP server's own: it also closes the connections that have come and not asked yet (Node 26), and loses their question.
      SocketServer.prototype.close.call(server)
      for (const [socket, response] of open) {
        if (isUpgraded(socket)) gone(socket)
        else if (response === 'kept') socket.destroy()
        else if (response !== 'new') response.shouldKeepAlive = false
      }
      if (open.size === 0) onDone()
    })
}

/** Node takes its parser from a connection that is upgraded. Who listens for upgrades is counted by others, so nobody listens here. */
function isUpgraded(socket: Socket & { readonly parser?: object | null }): boolean {
  return socket.parser === null || socket.parser === undefined
}
