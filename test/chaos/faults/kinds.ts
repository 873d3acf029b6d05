import { badAnswers } from './bad-answers.ts'
import { badCable } from './bad-cable.ts'
import { clock } from './clock.ts'
import { cut } from './cut.ts'
import type { FaultKind } from './fault.ts'
import { fullDisk } from './full-disk.ts'
import { halfWritten } from './half-written.ts'
import { kill } from './kill.ts'
import { lowMemory } from './low-memory.ts'
import { part } from './part.ts'
import { pause } from './pause.ts'
import { restart } from './restart.ts'
import { slowDisk } from './slow-disk.ts'

/** Every kind of fault. The order is part of what a seed means: new ones go to the end. */
export const faultKinds: readonly FaultKind[] = [
  kill,
  pause,
  restart,
  cut,
  part,
  badCable,
  fullDisk,
  slowDisk,
  clock,
  badAnswers,
  halfWritten,
  lowMemory,
]
