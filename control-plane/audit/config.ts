import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'

const minute = 60_000
const day = 24 * 60 * minute

/** Settings of the audit. Durations in milliseconds once read. */
export const AuditConfig = z.strictObject({
  /** For how long rows are kept. Of those that are dropped the last hash stays. */
  retention: z._default(duration(minute), 400 * day),
  /** Where the signed heads are written; left out: beside the journal. */
  heads_file: z.optional(z.string().check(z.minLength(1))),
})
export type AuditConfig = z.output<typeof AuditConfig>
