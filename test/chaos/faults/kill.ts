import { wholeUnitFault } from './whole-unit.ts'

export const kill = wholeUnitFault({ name: 'kill', seconds: [3, 30], weight: 3 }, async (unit) => {
  await unit.kill()
  return () => unit.start()
})
