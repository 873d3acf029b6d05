import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Failure } from '../failure/failure.ts'
import { finishAnswers } from './finish-answers.ts'

export type Listening = AsyncDisposable & {
  /** The port that it got, where 0 was asked for. */
  readonly port: number
  /** Takes no more connections, and answers what has come for as long as `withinMs`. What was upgraded goes on. */
  readonly finish: (withinMs: number) => Promise<void>
}

/** Connections that the kernel keeps until they are taken, as far as it is allowed to: ten thousand agents may come within a second. */
const backlog = 4_096

/**
 * Has a server listen; at the end of its block it takes no more connections, and open ones are closed, also those that were upgraded.
 * Throws PORT_TAKEN, which names the setting.
 */
export async function listen(
  server: Server,
  { address, port }: { readonly address: string; readonly port: number },
  setting: string,
): Promise<Listening> {
  const open = connectionsOf(server)
  const finish = finishAnswers(server)
  server.listen({ port, host: address, backlog })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Failure('PORT_TAKEN', `cannot listen on ${address}:${port} (${setting})`, { cause })
  }
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    finish,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      // It does not know those that were upgraded, or were to be.
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** The open connections of a server, from now on. */
function connectionsOf(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    // Nobody else listens for it on one that is to be upgraded, until somebody takes that.
    socket.on('error', () => {})
  })
  return open
}
