import { glob, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { fits, hasWildcard, includesOf, includeText, type Replacement, replaced, withOwnPid } from './shadow-text.ts'

/** Copies of an operator's files in which the gateway's folder is another one. */
export type MainMirror = {
  /** What stands in place of the main file. */
  readonly main: string
  /** Other files that lead to the folder, by their real path, with the path of their copy. */
  readonly nested: ReadonlyMap<string, { readonly copy: string; readonly text: string }>
  /** Whether anything includes files of this gateway. */
  readonly includesFolder: boolean
}

export type MirrorPlaces = {
  readonly mainConfig: string
  readonly folder: string
  /** The name of a file of this gateway. */
  readonly ownName: string
  readonly shadowFolder: string
  readonly shadowNested: string
  readonly shadowPid: string
}

const deepest = 12

/**
 * Reads the operator's main file and what it includes, as far as it leads to the gateway's folder, and gives the copies
 * that a shadow test needs. Everything else is included as it is.
 */
export async function mirrorMain(places: MirrorPlaces): Promise<MainMirror> {
  const { mainConfig, shadowFolder, shadowNested, ownName } = places
  const confDir = dirname(mainConfig)
  const folder = await realpath(places.folder)
  const nested = new Map<string, { copy: string; text: string }>()
  let includesFolder = false

  const mirror = async (file: string, depth: number): Promise<{ text: string; changes: readonly Replacement[] }> => {
    const text = await readFile(file, 'utf8')
    const changes: Replacement[] = []
    for (const { pattern, start, end } of includesOf(text)) {
      const path = isAbsolute(pattern) ? pattern : join(confDir, pattern)
      if ((await realpath(dirname(path)).catch(() => undefined)) === folder) {
        includesFolder ||= fits(ownName, basename(path))
        changes.push({ start, end, text: includeText([join(shadowFolder, basename(path))]) })
      } else {
        const files = await copiesOf(path, depth)
        if (files) changes.push({ start, end, text: includeText(files) })
      }
    }
    return { text, changes }
  }

  /** The files that a pattern stands for, with copies in place of those that lead to the folder; undefined: none does. */
  const copiesOf = async (pattern: string, depth: number): Promise<readonly string[] | undefined> => {
    if (depth >= deepest) return undefined
    let changed = false
    const files: string[] = []
    for (const file of await filesOf(pattern)) {
      const { text, changes } = await mirror(file, depth + 1).catch(() => ({ text: '', changes: [] }))
      if (changes.length === 0) files.push(file)
      else {
        changed = true
        const copy = nested.get(file)?.copy ?? join(shadowNested, `${nested.size}.conf`)
        nested.set(file, { copy, text: replaced(text, changes) })
        files.push(copy)
      }
    }
    return changed ? files : undefined
  }

  const { text, changes } = await mirror(mainConfig, 0)
  return { main: replaced(text, [...changes, ...withOwnPid(text, places.shadowPid)]), nested, includesFolder }
}

async function filesOf(pattern: string): Promise<readonly string[]> {
  if (!hasWildcard(pattern)) return [pattern]
  const files: string[] = []
  for await (const file of glob(pattern)) files.push(file)
  // glob(3), which nginx uses, leaves out hidden files and sorts.
  return files.filter((file) => !basename(file).startsWith('.') || basename(pattern).startsWith('.')).sort()
}
