import * as z from 'zod/mini'

const amount = z.number().check(z.gte(0))

/** What an agent has counted in the access log of a gateway since it said so last. An empty list says that nothing came. */
export const Counted = z.object({
  type: z.literal('counted'),
  gateway: z.string().check(z.minLength(1), z.maxLength(100)),
  routes: z
    .array(
      z.object({
        /** Empty: no route took the requests. */
        route: z.string().check(z.maxLength(1000)),
        requests: amount,
        /** Of them those answered with 5xx. */
        errors: amount,
        /** How long all of them took together, in milliseconds. */
        totalMs: amount,
      }),
    )
    .check(z.maxLength(5000)),
})
export type Counted = z.infer<typeof Counted>
