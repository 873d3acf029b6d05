import * as z from 'zod/mini'

/** GET /v1/backup */
export const BackupQuery = z.strictObject({
  /** Whether it has the metrics of service_metrics too. */
  metrics: z._default(z.enum(['true', 'false']), 'true'),
  /** Who asks, for the log. */
  by: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
})
export type BackupQuery = z.infer<typeof BackupQuery>

/** The type of the answer: shared/backup/format.ts says what is in it. */
export const backupMedia = 'application/zstd'
