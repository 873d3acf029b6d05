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

/** Callers, planes and agents that come back before they are missed take some besides. */
const ofOthers = 256

/**
 * What is wrong where a plane may not have as many connections as its fleet takes; undefined: nothing. When the other planes are gone every
 * agent comes to this one.
 * @param nodes of the whole fleet
 */
export function connectionsProblem(most: number, nodes: number): string | undefined {
  if (most >= nodes + ofOthers) return undefined
  return `FILES_FEW: this plane may have ${most} connections at once, and ${nodes} nodes have an agent each: raise the limit of open files of its process to ${nodes + ofOthers + ownFiles} at least (\`LimitNOFILE=\` of systemd, \`ulimit -n\`).`
}

/** How many connections this process may have at once, as the system limits its open files. */
export async function mostConnections(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const found = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return connectionsWithin(found === undefined ? Number.POSITIVE_INFINITY : Number(found))
}
