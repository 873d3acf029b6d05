import { wholeUnitFault } from './whole-unit.ts'

/** The process is stopped where it is and goes on later, as one does whose machine was swapped out, or moved to another host. */
export const pause = wholeUnitFault({ name: 'pause', seconds: [5, 30], weight: 3 }, async (unit) => {
  await unit.signal('SIGSTOP')
  return async () => {
    await unit.signal('SIGCONT')
    await unit.start()
  }
})
