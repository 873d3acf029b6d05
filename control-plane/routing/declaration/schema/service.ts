import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'
import { filePath, hostName, whole } from './names.ts'

// Scripts and older files spell them with "-", and "weighted" and "least connections" mean what these do.
const spellings = {
  round_robin: 'round_robin',
  weighted: 'round_robin',
  least_request: 'least_request',
  least_connections: 'least_request',
  random: 'random',
  ip_hash: 'ip_hash',
} as const
const balanceError =
  'expected "round_robin" (or "weighted"), "least_request" (or "least_connections"), "random" or "ip_hash"'

const balance = z.pipe(
  z.enum(['round_robin', 'weighted', 'least_request', 'least_connections', 'random', 'ip_hash'], {
    error: balanceError,
  }),
  z.transform((name: keyof typeof spellings) => spellings[name]),
)

const EjectionPart = z.strictObject({
  failures: z._default(whole(1, 100), 3),
  for: z._default(duration(1000), 5_000),
})

export const ServicePart = z
  .strictObject({
    balance: z.prefault(balance, 'round_robin'),
    /** true: after 3 failures in a row for 5 s; or how many, and for how long. */
    outlier_ejection: z._default(
      z.union([z.boolean(), EjectionPart], { error: 'expected true, false, or { failures, for }' }),
      true,
    ),
    connect_timeout: z._default(duration(1), 1_000),
    idle_timeout: z._default(duration(1), 4_000),
    /** So many connections an instance gets at once from one proxy; a request that finds none free is answered 503. */
    max_connections: z.optional(whole(1, 65_535)),
    /** A new instance gets its share gradually over this time. Envoy only. */
    slow_start: z.optional(duration(1000)),
    /** Instances speak TLS and must show this name, signed by this authority. */
    tls: z.optional(z.strictObject({ name: hostName(), ca: filePath() })),
    cluster: z.optional(plainName()),
    /** Weights follow what is measured of load, errors and latency, from a tenth to the whole of what is declared. */
    dynamic_weights: z._default(z.boolean(), false),
  })
  .check(
    z.refine(({ balance, slow_start }) => slow_start === undefined || !['random', 'ip_hash'].includes(balance), {
      path: ['slow_start'],
      error: 'there is a slow start with "round_robin" and "least_request" only',
    }),
    z.refine(({ balance, dynamic_weights }) => balance !== 'ip_hash' || !dynamic_weights, {
      path: ['dynamic_weights'],
      error: '"ip_hash" keeps clients on their instances, which weights that change would not',
    }),
  )
export type ServicePart = z.infer<typeof ServicePart>
