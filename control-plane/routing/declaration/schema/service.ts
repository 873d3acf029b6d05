import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'
import { nearnesses } from '../../table/locality.ts'
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

const orderError = 'expected some of "site", "cluster" and "other", each once'

const LocalityPart = z.strictObject({
  order: z._default(
    z.array(z.enum(nearnesses, { error: orderError })).check(
      z.minLength(1, { error: orderError }),
      z.refine((order) => new Set(order).size === order.length, { error: orderError }),
    ),
    [...nearnesses],
  ),
  fail_over_below: z._default(whole(0, 100), 30),
  return_after: z._default(duration(), 30_000),
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
    /** With less than this percentage of its instances callable, those are called as well that only their checks condemn. */
    panic_threshold: z._default(whole(0, 100), 0),
    /** true: own site first, then own cluster, then others; or in which order, and when another one serves. */
    locality: z._default(
      z.union([z.boolean(), LocalityPart], {
        error: 'expected true, false, or { order, fail_over_below, return_after }',
      }),
      false,
    ),
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
    z.refine(({ balance, dynamic_weights }) => balance !== 'random' || !dynamic_weights, {
      path: ['dynamic_weights'],
      error: '"random" counts no weights',
    }),
  )
export type ServicePart = z.infer<typeof ServicePart>
