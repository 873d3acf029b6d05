import * as z from 'zod/mini'
import { latencySlots } from './latency.ts'

const amount = z.number().check(z.gte(0))

/** Answers by the slots of `latencyBoundsMs`. */
const took = z.array(amount).check(z.maxLength(latencySlots))

const counts = {
  requests: amount,
  /** Of them those answered with 5xx. */
  errors: amount,
  /** How long all of them took together, in milliseconds. */
  totalMs: amount,
}

/** What an agent has counted in the access log of a gateway since it said so last. An empty list says that nothing came. */
export const Counted = z.object({
  type: z.literal('counted'),
  gateway: z.string().check(z.minLength(1), z.maxLength(100)),
  routes: z
    .array(
      z.object({
        /** Empty: no route took the requests. */
        route: z.string().check(z.maxLength(1000)),
        ...counts,
        took: z.optional(took),
      }),
    )
    .check(z.maxLength(5000)),
  /** The same requests by the service that was to answer them; those that came to none are left out. */
  services: z.optional(
    z
      .array(z.object({ service: z.string().check(z.maxLength(1000)), ...counts, took: z.optional(took) }))
      .check(z.maxLength(5000)),
  ),
})
export type Counted = z.infer<typeof Counted>

const Counter = z.object({ name: z.string().check(z.maxLength(2000)), ...counts, took })
export type Counter = z.infer<typeof Counter>

/**
 * What an Envoy has counted since it was started, as its agent reads it on the admin page: whole at the start of a session, afterwards those
 * counters that have moved. Told twice, it counts once.
 */
export const Counters = z.object({
  type: z.literal('counters'),
  gateway: z.string().check(z.minLength(1), z.maxLength(100)),
  /** Which Envoy, and which of its lives: everything is counted from zero in each. */
  envoy: z.string().check(z.maxLength(500)),
  life: z.string().check(z.minLength(1), z.maxLength(200)),
  /** For how long it has lived, in milliseconds. */
  upMs: amount,
  /** By route, under the name that Envoy gives it: `<virtual host>.route.<route>`. */
  routes: z.array(Counter).check(z.maxLength(1000)),
  /** By cluster. */
  services: z.array(Counter).check(z.maxLength(1000)),
  /** By listener: everything that was asked, also what no route took or what was answered by the Envoy itself. */
  listeners: z.array(Counter).check(z.maxLength(1000)),
})
export type Counters = z.infer<typeof Counters>
