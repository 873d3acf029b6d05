import type { History } from './history.ts'
import { acknowledgedSurvive } from './invariants/acknowledged-survive.ts'
import { comesToRest, secondRunIdle, sinksEqual } from './invariants/at-rest.ts'
import { deadLeave } from './invariants/dead-leave.ts'
import { foreignUntouched } from './invariants/foreign-untouched.ts'
import type { Broken, Invariant } from './invariants/invariant.ts'
import { liveStay } from './invariants/live-stay.ts'
import { loopLag } from './invariants/loop-lag.ts'
import { noneCrashes } from './invariants/none-crashes.ts'
import { onlyLeaderWrites } from './invariants/only-leader-writes.ts'
import { rendersValid } from './invariants/renders-valid.ts'
import { replicasEqual } from './invariants/replicas-equal.ts'
import { restartSilent } from './invariants/restart-silent.ts'

/** Everything that must hold whatever happens. */
export const invariants: readonly Invariant[] = [
  foreignUntouched,
  acknowledgedSurvive,
  restartSilent,
  liveStay,
  deadLeave,
  rendersValid,
  secondRunIdle,
  sinksEqual,
  loopLag,
  replicasEqual,
  onlyLeaderWrites,
  comesToRest,
  noneCrashes,
]

/** What of it did not, in the order of time. */
export function check(history: History): readonly Broken[] {
  const broken = invariants.flatMap(({ name, check }) => check(history).map((each) => ({ invariant: name, ...each })))
  return broken.toSorted((a, b) => a.at - b.at)
}
