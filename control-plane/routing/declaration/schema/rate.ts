import * as z from 'zod/mini'
import { whole } from './names.ts'

const error = 'expected a rate such as "100/s", "600/m" or "10000/h"'
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const

const amount = z.pipe(
  z.string({ error }).check(z.regex(/^[1-9]\d{0,6}\/[smh]$/, { error })),
  z.transform((text: string) => {
    const [requests = '', unit = 's'] = text.split('/')
    return { requests: Number(requests), perMs: unitMs[unit as keyof typeof unitMs] }
  }),
)

/** What may come in: spread evenly over the time, with so many at once as `burst` says. */
export const RatePart = z.strictObject({
  requests: amount,
  /** How many may come at once; a second's worth if it is left out, at least 1. */
  burst: z.optional(whole(1, 1_000_000)),
  /** route: all requests of the route together (of a client: of that client); address: each client address for itself. */
  by: z._default(z.enum(['route', 'address'], { error: 'expected "route" or "address"' }), 'route'),
})
export type RatePart = z.infer<typeof RatePart>
