import { readFile, readlink } from 'node:fs/promises'
import { parseListeners } from '../host/listeners.ts'

/** The first socket that a service manager hands over, by its convention. */
const firstSocket = 3
const mostSockets = 64

type Environment = Readonly<Record<string, string | undefined>>

/** The numbers of the sockets that a service manager opened for the process `pid` (systemd's LISTEN_FDS). */
export function socketsFor(pid: number, { LISTEN_PID, LISTEN_FDS }: Environment): readonly number[] {
  const count = Number(LISTEN_FDS)
  if (LISTEN_PID !== String(pid) || !Number.isInteger(count) || count < 1 || count > mostSockets) return []
  return Array.from({ length: count }, (_, index) => firstSocket + index)
}

/**
 * The socket for an address that a service manager opened for this process; undefined: there is none. It outlives the process, and who
 * connects while none runs waits for the next one instead of being refused.
 */
export async function inheritedSocket(
  { address, port }: { readonly address: string; readonly port: number },
  environment: Environment = process.env,
): Promise<number | undefined> {
  const sockets = socketsFor(process.pid, environment)
  if (sockets.length === 0) return undefined
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/self/net/${name}`, 'utf8').catch(() => '')),
  )
  const wanted = new Set(
    tables
      .flatMap(parseListeners)
      .filter((listener) => listener.address === address && listener.port === port)
      .map(({ inode }) => `socket:[${inode}]`),
  )
  for (const socket of sockets) {
    if (wanted.has(await readlink(`/proc/self/fd/${socket}`).catch(() => ''))) return socket
  }
  return undefined
}
