import * as z from 'zod/mini'
import type { Health } from '#shared/protocol/check.ts'
import { plainText, portField } from './fields.ts'

/** The words for health that clients use. */
const words: Readonly<Record<string, Health>> = {
  healthy: 'passing',
  passing: 'passing',
  ok: 'passing',
  up: 'passing',
  running: 'passing',
  warning: 'warning',
  degraded: 'warning',
  critical: 'critical',
  unhealthy: 'critical',
  error: 'critical',
  down: 'critical',
  failed: 'critical',
  unknown: 'unknown',
}

const healthError = 'expected healthy, warning, critical or unknown'
const HealthWord = z.pipe(
  z
    .string({ error: healthError })
    .check(z.refine((word) => Object.hasOwn(words, word.toLowerCase()), { error: healthError })),
  z.transform((word: string): Health => words[word.toLowerCase()] ?? 'unknown'),
)

/** What may stand in the body of a heartbeat; all of it may be left out. */
export const HeartbeatBody = z.object({
  health: z.optional(z.nullable(HealthWord)),
  health_status: z.optional(z.nullable(HealthWord)),
  metrics: z.optional(
    z.nullable(
      z
        .record(z.string().check(z.minLength(1), z.maxLength(100)), z.number({ error: 'expected a number' }))
        .check(z.refine((metrics) => Object.keys(metrics).length <= 200, { error: 'expected at most 200 metrics' })),
    ),
  ),
  /** Who it is that sends it, where several instances call themselves the same. */
  node_id: z.optional(z.nullable(plainText(100))),
  address: z.optional(z.nullable(plainText(253))),
  port: z.optional(z.nullable(portField())),
})
export type HeartbeatBody = z.output<typeof HeartbeatBody>
