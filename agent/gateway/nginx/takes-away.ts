import { canaryMark } from '#shared/protocol/gateway-names.ts'
import type { FileSet } from '../file-set.ts'

/**
 * Whether an upstream of `present` has a server that no upstream in `wanted` has, or a split of it has users on its canary and in `wanted` none.
 * The plane compares with what was proven when it made a set: what an earlier urgent set has taken away meanwhile must not hurry those that
 * follow it.
 */
export function takesAway(present: FileSet, wanted: FileSet): boolean {
  const before = servers(present)
  // Where no server is known, the plane's word holds.
  return before.size === 0 || !before.isSubsetOf(servers(wanted)) || !canaries(present).isSubsetOf(canaries(wanted))
}

/** Each server with its upstream. */
function servers(files: FileSet): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [path, content] of files) {
    for (const [, address] of content.matchAll(/^\s*server\s+([^\s;{]+)[^{\n]*;/gm)) found.add(`${path} ${address}`)
  }
  return found
}

/** The lines of splits whose canary has users. */
function canaries(files: FileSet): ReadonlySet<string> {
  const lines = [...files.values()].flatMap((content) => content.split('\n'))
  return new Set(lines.filter((line) => line.startsWith(canaryMark)))
}
