import * as z from 'zod/mini'
import { addressField, maybe, maybeText, portField } from './fields.ts'
import { HealthField } from './health-word.ts'

/** What may stand in the body of a heartbeat; all of it may be left out. Metrics are read by `readMeasurements`. */
export const HeartbeatBody = z.object({
  health: maybe(HealthField),
  health_status: maybe(HealthField),
  metrics: z.optional(z.unknown()),
  /** Who it is that sends it, where several instances call themselves the same. */
  node_id: maybeText(100),
  address: maybe(addressField()),
  port: maybe(portField()),
})
export type HeartbeatBody = z.output<typeof HeartbeatBody>
