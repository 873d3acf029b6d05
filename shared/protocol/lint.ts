import * as z from 'zod/mini'
import { durationMs } from '../config/fields.ts'

/** GET /v1/datacenters/:name/lint */
export const LintQuery = z.strictObject({
  /** What is critical longer than this is found. */
  critical_for: z._default(
    z.pipe(
      z
        .string()
        .check(
          z.refine((text) => durationMs(text) !== undefined, { error: 'expected a duration such as "30m" or "24h"' }),
        ),
      z.transform((text: string) => durationMs(text) ?? 0),
    ),
    86_400_000,
  ),
})
export type LintQuery = z.output<typeof LintQuery>

export const FindingView = z.object({
  /** phantom, no-check, comma-joined-tag, http-check-on-database, loopback-address, stale-port, critical-for-long, shared-id */
  rule: z.string(),
  node: z.string(),
  service: z.string(),
  /** The service's id on its node. */
  id: z.string(),
  why: z.string(),
  /** What to do about it. */
  remedy: z.string(),
})
export type FindingView = z.infer<typeof FindingView>

/** What is wrong with the records of others in a datacenter. Nothing is changed there. */
export const LintView = z.object({
  datacenter: z.string(),
  /** Records that were looked at, and how many more there are. */
  examined: z.int(),
  beyond: z.int(),
  /** Records whose address and port could not be tried from where the plane runs. */
  not_probed: z.int(),
  findings: z.array(FindingView),
})
export type LintView = z.infer<typeof LintView>
