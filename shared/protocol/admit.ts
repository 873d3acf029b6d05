import * as z from 'zod/mini'

/** How an agent has instances of its own node taken out of service and back, for the server's own unit; see docs/systemd.md. */

const id = z.string().check(z.minLength(1), z.maxLength(64))
const instance = z.string().check(z.minLength(1), z.maxLength(100))

/** Longer than this no agent may have its instances out of service, in milliseconds. */
export const mostDrainedMs = 24 * 3_600_000

/** From the agent. What somebody else has ordered stays as it is, and only the node's own draining is ended by `active`. */
export const Admit = z.object({
  type: z.literal('admit'),
  /** Names the question in its answers. */
  id,
  instances: z.array(instance).check(z.minLength(1), z.maxLength(64)),
  admission: z.enum(['draining', 'active']),
  reason: z.string().check(z.maxLength(200)),
  /** When draining ends by itself. */
  forMs: z.number().check(z.gte(1), z.lte(mostDrainedMs)),
})
export type Admit = z.infer<typeof Admit>

/** What became of it. Of one question `recorded` comes first, then `proven`, if it comes to that. */
export const AdmitOutcome = z.object({
  type: z.literal('admitted'),
  id,
  /** recorded: on disk at the plane · proven: every sink that applies changes shows it · refused: nothing was changed */
  state: z.enum(['recorded', 'proven', 'refused']),
  why: z.optional(z.string()),
  /** Instances that stay as somebody else has ordered, and who. */
  kept: z.optional(z.record(z.string(), z.string())),
  /** Sinks that have not shown it yet. */
  waiting: z.optional(z.array(z.string())),
})
export type AdmitOutcome = z.infer<typeof AdmitOutcome>
