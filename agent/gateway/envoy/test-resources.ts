import type { Attempt } from '../applied-set.ts'
import type { FileSet } from '../file-set.ts'
import { changedResources, withoutResource, withResources } from './resources.ts'

/** What Envoy has against these files; undefined: it takes them. */
export type TestFiles = (files: FileSet) => Promise<string | undefined>

export type TestedResources =
  | { readonly state: 'fit'; readonly attempt: Attempt }
  /** Nothing of the set can be taken out to make it fit. */
  | { readonly state: 'rejected'; readonly error: string }

// Each test costs a start of Envoy; a set that is worse than this is no set.
const mostTests = 40

/**
 * Tries a set, and takes out what is guilty until Envoy accepts the rest. Envoy seldom says which resource it means, so that is found by
 * halves: among those that are not as in the last good set.
 */
export async function testResources(first: Attempt, lastGood: FileSet, test: TestFiles): Promise<TestedResources> {
  let tests = 0
  const complaintOf = (files: FileSet) => {
    tests += 1
    return test(files)
  }
  let attempt = first
  let complaint = await complaintOf(attempt.files)
  if (complaint === undefined) return { state: 'fit', attempt }
  // What was good for the Envoy of before may be bad for the one of today.
  const base: FileSet = (await complaintOf(lastGood)) === undefined ? lastGood : new Map()
  while (complaint !== undefined && tests < mostTests) {
    const { files } = attempt
    const changed = changedResources(base, files)
    let [good, bad] = [0, changed.length]
    while (bad - good > 1 && tests < mostTests) {
      const middle = (good + bad) >> 1
      const found = await complaintOf(withResources(base, files, changed.slice(0, middle)))
      if (found === undefined) good = middle
      else {
        bad = middle
        complaint = found
      }
    }
    const guilty = changed[bad - 1]
    const next = guilty && withoutResource(attempt, { ...guilty, error: complaint }, base)
    if (!next) return { state: 'rejected', error: complaint }
    attempt = next
    complaint = await complaintOf(attempt.files)
  }
  return complaint === undefined ? { state: 'fit', attempt } : { state: 'rejected', error: complaint }
}
