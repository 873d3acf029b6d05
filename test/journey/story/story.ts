import { crash, hang, impostor, restart } from './faults.ts'
import { foreignCopied } from './foreign.ts'
import { agentKilled, consulOutage, planeKilled, wiped } from './outages.ts'
import { proxiesAlone } from './proxies-alone.ts'
import { allVisible, drain, spread } from './steady.ts'
import type { Step } from './step.ts'

/** The main job, told in steps. Each leaves the landscape as it found it. */
export const story: readonly Step[] = [
  allVisible,
  spread,
  crash,
  restart,
  hang,
  drain,
  impostor,
  consulOutage,
  wiped,
  foreignCopied,
  agentKilled,
  planeKilled,
  proxiesAlone,
]
