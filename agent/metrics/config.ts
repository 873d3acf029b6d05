import * as z from 'zod/mini'
import { duration, port } from '#shared/config/fields.ts'
import { metricsEveryMs } from '#shared/protocol/messages.ts'

const path = z.string().check(z.regex(/^\/.{0,1999}$/s, { error: 'expected a path that begins with "/"' }))
const pattern = z.string().check(z.minLength(1), z.maxLength(100))

/** The metrics page of a service. `false`: it is not asked for one. */
export const MetricsConfig = z.union([
  z.literal(false),
  z.strictObject({
    path: z._default(path, '/metrics'),
    /** Default: that of the service. */
    port: z.optional(port()),
    interval: z._default(duration(1_000), metricsEveryMs),
    /** Names, in which `*` stands for anything, those wanted most first. Default: a few of whatever there is. */
    keep: z._default(z.array(pattern).check(z.maxLength(100)), []),
  }),
])
export type MetricsConfig = z.infer<typeof MetricsConfig>
