import { readFile } from 'node:fs/promises'

/** For the store, the Consuls, Envoys and whatever else the plane opens itself. */
const ownFiles = 512
/** More are of no use to one process, and systems that set no limit have to be given one. */
const mostOfAll = 100_000

/** How many connections may be open where a process may open so many files. */
export function connectionsWithin(files: number): number {
  // Who may open few files still keeps three quarters of them for its callers.
  return Math.min(mostOfAll, Math.max(files - ownFiles, Math.floor((files * 3) / 4)))
}

/** How many connections this process may have at once, as the system limits its open files. */
export async function mostConnections(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const found = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return connectionsWithin(found === undefined ? Number.POSITIVE_INFINITY : Number(found))
}
