import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'
import { local } from '../gateway/config.ts'

/** An Envoy on this node that asks the plane itself: its agent only looks at it, and drains it. */
export const EnvoyConfig = z.strictObject({
  /** As in the declaration. */
  gateway: plainName(),
  /** Its admin page. */
  admin: z._default(local('127.0.0.1:9901'), '127.0.0.1:9901'),
  /** How long the balancers in front may take to see that the health path fails, before it counts as drained. */
  drain_notice: z._default(duration(0), 10_000),
})
export type EnvoyConfig = z.infer<typeof EnvoyConfig>

/** All of them; each has an admin page for itself. */
export const EnvoyConfigs = z.array(EnvoyConfig).check(
  z.maxLength(16),
  z.superRefine((envoys, context) => {
    for (const [index, { admin }] of envoys.entries()) {
      const first = envoys.findIndex((other) => other.admin === admin)
      if (first === index) continue
      const message = `envoys of ${envoys[first]?.gateway} and ${envoys[index]?.gateway} both have admin ${admin}`
      context.issues.push({ code: 'custom', message, input: admin, path: [index, 'admin'] })
    }
  }),
)
