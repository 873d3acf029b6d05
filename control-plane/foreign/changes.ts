import { isDeepStrictEqual } from 'node:util'
import type { ForeignBelief, ForeignSpec } from '../fleet/belief.ts'
import type { ForeignEvent } from '../fleet/event.ts'
import type { Verdicts } from './health.ts'

/** The transitions from what is believed of a datacenter to what was read of it; none where both say the same. */
export function* foreignChanges(
  known: ReadonlyMap<string, ForeignBelief>,
  read: ReadonlyMap<string, ForeignSpec>,
  verdicts: Verdicts,
): Generator<ForeignEvent> {
  for (const [foreign, spec] of read) {
    const before = known.get(foreign)
    const { health, check } = verdicts.of(spec)
    if (!before || !isDeepStrictEqual(before.spec, spec)) {
      yield { kind: 'foreign-found', foreign, spec, health, check }
    } else if (before.health !== health || before.check !== check) {
      yield { kind: 'foreign-judged', foreign, health, check }
    }
  }
  for (const foreign of known.keys()) if (!read.has(foreign)) yield { kind: 'foreign-gone', foreign }
}

/** What is believed of one datacenter. */
export function knownOf(
  foreign: ReadonlyMap<string, ForeignBelief>,
  datacenter: string,
): ReadonlyMap<string, ForeignBelief> {
  const known = new Map<string, ForeignBelief>()
  for (const [id, belief] of foreign) if (belief.spec.datacenter === datacenter) known.set(id, belief)
  return known
}
