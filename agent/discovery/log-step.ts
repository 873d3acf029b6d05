import type { Logger } from '#shared/logging/logger.ts'
import type { Step } from './settlement.ts'

/** Tells the operator of this host what became of what was found. */
export function logStep(step: Step, log: Logger): void {
  switch (step.kind) {
    case 'withdrawn': {
      const { name, port } = step.entry
      log.warn({ service: name, port }, 'nothing listens there for too long; it is withdrawn')
      return
    }
    case 'decided': {
      const { do: decision, by, service } = step.decision
      log.info({ found: step.found, decision, by, service }, 'an operator decided')
      return
    }
    case 'left': {
      const { name, port } = step.entry
      log.warn(
        { service: name, port, node: step.node },
        'another agent of this host looks after it; it is left to that',
      )
      return
    }
    case 'adopted': {
      const { name, port, evidence, confidence } = step.entry
      log.info({ service: name, port, confidence, evidence }, 'a service was found and is looked after from now on')
      return
    }
  }
}
