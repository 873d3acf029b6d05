import * as z from 'zod/mini'
import { agentVersion } from '../../version.ts'
import { verb } from '../verb.ts'

/** Says which helper this is and what its list allows; whoever may ask at all may know. */
export const about = verb({
  name: 'about',
  asked: z.strictObject({}),
  refusal: () => undefined,
  mostMs: () => 1_000,
  run: async (_, { restart, reload, measure }) => ({
    version: agentVersion(),
    restart: restart.map(({ unit }) => unit),
    reload: reload.map(({ unit }) => unit),
    measure: measure.users,
  }),
})
