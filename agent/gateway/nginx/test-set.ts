import { basename, dirname } from 'node:path'
import type { Attempt } from '../applied-set.ts'
import type { FileSet } from '../file-set.ts'
import { type Complaint, complaintText } from './complaint.ts'
import { guiltyFile, withoutGuilty } from './quarantine.ts'

export type TestedSet =
  | { readonly state: 'fit'; readonly attempt: Attempt }
  /** Nothing of the set can be taken out to make it fit, but without the set all is well. */
  | { readonly state: 'rejected'; readonly error: string; readonly path?: string; readonly line?: number }
  /** Something that is not in the set is broken. */
  | { readonly state: 'blocked'; readonly error: string }

export type SetTest = {
  readonly folder: string
  /** What nginx has against these files, with the agent's own beside them. */
  readonly test: (files: FileSet) => Promise<Complaint | undefined>
  /** The set that serves, or served last. */
  readonly lastGood: FileSet
}

// Each test costs a start of nginx; a set that is worse than this is no set.
const mostTests = 40

/** Tries a set, and takes out what is guilty until nginx accepts the rest. */
export async function testSet(first: Attempt, { folder, test, lastGood }: SetTest): Promise<TestedSet> {
  const nameOf = (path: string) => (dirname(path) === folder ? basename(path) : undefined)
  let attempt = first
  let complaint: Complaint | undefined
  for (let tests = 0; tests < mostTests; tests += 1) {
    complaint = await test(attempt.files)
    if (!complaint) return { state: 'fit', attempt }
    const path = guiltyFile(complaint, attempt.files, nameOf)
    const next = path && withoutGuilty(attempt, { path, error: shortened(complaint, folder) }, lastGood)
    if (!next) break
    attempt = next
  }
  if (!complaint) return { state: 'fit', attempt }
  const error = shortened(complaint, folder)
  if (await test(lastGood)) return { state: 'blocked', error }
  const { file, line } = complaint
  return { state: 'rejected', error, ...(file !== undefined && { path: file }), ...(line !== undefined && { line }) }
}

/** People know the folder: the name of the file is enough. */
function shortened(complaint: Complaint, folder: string): string {
  const { file } = complaint
  return complaintText(
    file !== undefined && dirname(file) === folder ? { ...complaint, file: basename(file) } : complaint,
  )
}
