import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'

/** What the agent keeps of what no plane was told. */
export const BufferConfig = z.strictObject({
  /** On the disk, in MiB: a quarter for state changes, the rest for measurements. */
  most_mib: z._default(z.int().check(z.gte(1), z.lte(4096)), 32),
  /** After the plane is back the past is told from a random moment within this time on, so that agents do not come all at once. */
  replay_within: z._default(duration(), 30_000),
})
