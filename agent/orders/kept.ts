import * as z from 'zod/mini'
import { LevelName } from '#shared/protocol/orders.ts'

/** What the agent keeps of what the plane wants of it, so that it holds after a start without a plane. */
export const Kept = z.object({
  settings: z.object({ version: z.string(), document: z.record(z.string(), z.unknown()) }),
  logging: z.nullable(
    z.object({
      level: LevelName,
      by: z.string(),
      reason: z.string(),
      /** Epoch milliseconds of this host; null: until somebody says so. */
      until: z.nullable(z.number()),
    }),
  ),
})
export type Kept = z.infer<typeof Kept>

export const emptyKept: Kept = { settings: { version: '', document: {} }, logging: null }
