import type { Verb } from './verb.ts'
import { about } from './verbs/about.ts'
import { measureProcesses } from './verbs/measure.ts'
import { reloadUnit, restartUnit } from './verbs/units.ts'

/** All that the helper does. */
export const verbs: readonly Verb[] = [about, measureProcesses, reloadUnit, restartUnit]
