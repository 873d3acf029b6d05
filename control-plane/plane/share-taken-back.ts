import * as z from 'zod/mini'
import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Splits } from '../routing/splits/keep-splits.ts'
import type { Together } from './together.ts'

const Taken = z.object({ service: z.string(), phase: z.string(), state: z.string(), at: z.number() })

/**
 * A split that was taken back while the store could not keep it holds at every plane, and whichever leads when the store is back has it
 * stored. Returns how to stop.
 */
export function shareTakenBack(
  together: Pick<Together, 'tell' | 'onFact'>,
  splits: Pick<Splits, 'onUnkept' | 'takeBack'>,
  log: Logger,
): () => void {
  together.onFact('taken-back', Taken, (_service, taken) => {
    if (taken) splits.takeBack(taken).catch(fault(log, 'that another plane took a split back could not be followed'))
  })
  return splits.onUnkept((service, taken) => together.tell('taken-back', service, taken))
}
