import { entriesOf } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const acknowledgedSurvive: Invariant = {
  name: 'an acknowledged registration survives, and an acknowledged deregistration too',
  check: (history) =>
    entriesOf(history, 'rest').flatMap((rest) => {
      const wanted = expectedAt(rest.at)
      return Object.entries(rest.planes).flatMap(([plane, { instances }]) =>
        [...wanted].flatMap(([instance, there]) => {
          if (there === 'unknown' || there === instance in instances) return []
          const evidence = there ? 'was acknowledged and is gone' : 'was acknowledged to be deregistered and is there'
          return [{ at: rest.at, evidence: `${instance} ${evidence}, says ${plane}` }]
        }),
      )

      /** Each instance that clients spoke of: whether it is there; unknown after a word that was not acknowledged. */
      function expectedAt(time: number): ReadonlyMap<string, boolean | 'unknown'> {
        const expected = new Map<string, boolean | 'unknown'>()
        for (const { at, instance, verb, outcome } of entriesOf(history, 'registration')) {
          if (at <= time) expected.set(instance, outcome === 'doubtful' ? 'unknown' : verb === 'register')
        }
        return expected
      }
    }),
}
