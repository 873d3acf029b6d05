import { entriesOf } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const replicasEqual: Invariant = {
  name: 'planes that are at one revision believe the same',
  check: (history) => {
    const first = new Map<number, { readonly plane: string; readonly hash: string }>()
    return entriesOf(history, 'fleet').flatMap(({ at, plane, revision, hash }) => {
      const before = first.get(revision)
      if (!before) first.set(revision, { plane, hash })
      if (!before || before.hash === hash) return []
      return [{ at, evidence: `at revision ${revision} ${before.plane} has ${before.hash} and ${plane} ${hash}` }]
    })
  },
}
