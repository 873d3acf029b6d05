import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { Failure } from '#shared/failure/failure.ts'

/**
 * Holds an agent's state folder, which is made if it is not there, for this process alone: two agents would write into each other's
 * files, and the plane would refuse the older one for ever. It is let go with the process, however that ends, and leaves nothing behind.
 * Throws STATE_IN_USE, STATE_UNWRITABLE.
 */
export async function holdState(stateDir: string): Promise<AsyncDisposable> {
  const { dev, ino } = await made(stateDir)
  // An abstract socket of Linux: a name without a file, which the kernel forgets with its owner. Containers that share a network may
  // each have a folder of this path, so it is named by what it is.
  const name = `heddle-agent-${dev}-${ino}`
  const server = createServer((socket) => socket.destroy()).listen(`\0${name}`)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
      throw new Failure('STATE_IN_USE', `another agent of this host runs with ${stateDir}`)
    }
    // Where there are no such sockets nothing can be held; an agent must run there, too.
    return { [Symbol.asyncDispose]: async () => {} }
  }
  server.unref()
  return {
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

async function made(stateDir: string) {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o755 })
    return await stat(stateDir)
  } catch (cause) {
    throw new Failure('STATE_UNWRITABLE', `cannot make the state folder ${stateDir}`, { cause })
  }
}
