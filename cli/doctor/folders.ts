import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { objectAt, type Patient, textAt } from './claims.ts'

/** A folder of state; `made`: by the program itself, if it is not there. */
export type Folder = {
  readonly path: string
  readonly what: string
  readonly made: boolean
  readonly kind: 'agent' | 'plane'
}

/** Where programs keep what they must not lose. */
export function foldersOf({ kind, value, file }: Patient): readonly Folder[] {
  if (kind === 'agent')
    return [
      { path: textAt(value, 'state_dir', '/var/lib/heddle-agent'), what: `state_dir (${file})`, made: true, kind },
    ]
  if (kind === 'routes') return []
  const path = textAt(objectAt(value, 'journal'), 'path', '')
  return path === ''
    ? []
    : [{ path: dirname(resolve(path)), what: `the folder of journal.path (${file})`, made: false, kind }]
}

/** The folder itself, or the nearest one above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  return (await isThere(path)) || dirname(path) === path ? path : nearestFolder(dirname(path))
}

export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
