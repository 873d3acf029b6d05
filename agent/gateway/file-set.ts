import { createHash } from 'node:crypto'
import type { FailureCode } from '#shared/failure/failure.ts'
import type { GatewayFiles } from '#shared/protocol/gateway.ts'

/** Files of one gateway by name. */
export type FileSet = ReadonlyMap<string, string>

export function contentsOf(files: GatewayFiles['files']): FileSet {
  return new Map(files.map(({ path, content }) => [path, content]))
}

/** Equal names and contents give an equal hash, in whatever order they came. */
export function hashOf(files: FileSet): string {
  const hash = createHash('sha256')
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path) ?? ''
    hash.update(`${path.length}:${path}${Buffer.byteLength(content)}:`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

export type FileChanges = { readonly write: FileSet; readonly remove: readonly string[] }

/** What makes `present` equal to `wanted`. */
export function changesBetween(present: FileSet, wanted: FileSet): FileChanges {
  const write = new Map<string, string>()
  for (const [path, content] of wanted) if (present.get(path) !== content) write.set(path, content)
  return { write, remove: [...present.keys()].filter((path) => !wanted.has(path)) }
}

/** What begins the error of a set that the agent does not even try. */
export const setRefused = 'GATEWAY_SET_REFUSED' satisfies FailureCode

/** How the files of a gateway are named, and the one name that is the agent's own. */
export type OwnNames = { readonly prefix: string; readonly suffix: '.conf' | '.json'; readonly reserved: string }

/** Why a list of files is no set of this gateway; undefined: it is one. */
export function unfitNames(paths: readonly string[], { prefix, suffix, reserved }: OwnNames): string | undefined {
  const seen = new Set<string>()
  for (const path of paths) {
    const ours = path.startsWith(prefix) && path.endsWith(suffix) && !path.includes('/')
    if (!ours) return `${path} is no file of this gateway (${prefix}*${suffix})`
    if (path === reserved) return `${path} is the agent's own`
    if (seen.has(path)) return `${path} is there twice`
    seen.add(path)
  }
  return undefined
}
