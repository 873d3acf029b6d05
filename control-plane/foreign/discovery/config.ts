import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'

export const DiscoveryConfig = z.strictObject({
  /** How long clients may keep an answer. */
  lifetime: z._default(duration(), 5_000),
  /** Callers that wait for news at once; more are refused. */
  most_watchers: z._default(z.int().check(z.gte(1), z.lte(100_000)), 1_000),
})
export type DiscoveryConfig = z.output<typeof DiscoveryConfig>
