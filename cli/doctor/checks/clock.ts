import type { Check } from '../check.ts'
import { clockFinding } from '../clock.ts'

/** The clock of this host by itself; those who are asked say how theirs differs, each in its own check. */
export const clock: Check = {
  name: 'clock',
  examine: async ({ now }) => [clockFinding(now())],
}
