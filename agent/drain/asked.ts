import * as z from 'zod/mini'
import { mostDrainedMs } from '#shared/protocol/admit.ts'

/** What the command asks of the agent that runs: one line of JSON on its control socket. */
export const Asked = z.strictObject({
  ask: z.enum(['drain', 'undrain']),
  /** Names of services, or ids of instances; those of this agent. */
  of: z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(64)),
  reason: z.string().check(z.maxLength(200)),
  forMs: z.number().check(z.gte(1_000), z.lte(mostDrainedMs)),
  /** Until every sink shows it, and not only until it is on disk at the plane. */
  wait: z.boolean(),
  /** Only once its own checks find it well. */
  healthy: z.boolean(),
})
export type Asked = z.infer<typeof Asked>

/** The last line that the agent says; those before it only have `step`. */
export const Told = z.object({
  ok: z.boolean(),
  why: z.optional(z.string()),
  instances: z.optional(z.array(z.string())),
  kept: z.optional(z.record(z.string(), z.string())),
  waiting: z.optional(z.array(z.string())),
})
export type Told = z.infer<typeof Told>
export const Step = z.object({ step: z.string() })

type Named = { readonly id: string; readonly service: string }

/** The instances that names stand for; a string says which stands for none. Pure. */
export function namedInstances(of: readonly string[], own: readonly Named[]): readonly string[] | string {
  const found = of.map((name) => own.filter(({ id, service }) => id === name || service === name).map(({ id }) => id))
  const none = found.findIndex((ids) => ids.length === 0)
  if (none >= 0) return `this agent looks after nothing that is called ${of[none]}`
  return [...new Set(found.flat())]
}
