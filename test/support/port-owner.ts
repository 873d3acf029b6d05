import { readdir, readFile, readlink } from 'node:fs/promises'

export type Listener = { readonly port: number; readonly inode: string }

export type PortOwner = {
  /** Undefined where the process belongs to a user whose files we may not read. */
  readonly pid: number | undefined
  /** The process's name, or "another user's process". */
  readonly name: string
}

/** The sockets that listen, of a text as /proc/net/tcp and /proc/net/tcp6 have it. */
export function parseListeners(text: string): readonly Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.split(':')[1] ?? '', 16)
    return state === '0A' && inode !== undefined && port > 0 ? [{ port, inode }] : []
  })
}

/** Who listens on a TCP port of this machine, on any address; undefined if nobody does. */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => read(path)))
  const sockets = tables
    .flatMap(parseListeners)
    .filter((listener) => listener.port === port)
    .map(({ inode }) => `socket:[${inode}]`)
  if (sockets.length === 0) return undefined
  for (const pid of (await list('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holdsOneOf(pid, sockets)) {
      return { pid: Number(pid), name: (await read(`/proc/${pid}/comm`)).trim() }
    }
  }
  return { pid: undefined, name: "another user's process" }
}

async function holdsOneOf(pid: string, sockets: readonly string[]): Promise<boolean> {
  for (const descriptor of await list(`/proc/${pid}/fd`)) {
    // Processes and their files come and go while we look.
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    if (sockets.includes(target)) return true
  }
  return false
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function list(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => [])
}
