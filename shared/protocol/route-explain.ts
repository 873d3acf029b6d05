import * as z from 'zod/mini'
import { plainName } from '../config/fields.ts'
import { Reason } from './reason.ts'

/** POST /v1/routing/explain: what would become of a request. */
export const RouteExplainRequest = z.strictObject({
  method: z._default(z.string().check(z.regex(/^[A-Z]{1,20}$/, { error: 'expected a method such as "GET"' })), 'GET'),
  /** `https://api.example.com/api/users?x=1`, or a path alone. */
  url: z.string().check(z.minLength(1), z.maxLength(8_000)),
  /** Those that routes may look at; names in any case. */
  headers: z._default(z.record(z.string().check(z.maxLength(100)), z.string().check(z.maxLength(8_000))), {}),
  /** By default every gateway that listens on the URL's port, or every one where the URL names no port. */
  gateway: z.optional(plainName()),
})
export type RouteExplainRequest = z.output<typeof RouteExplainRequest>

const Candidate = z.object({
  instance: z.string(),
  address: z.string(),
  port: z.int(),
  weight: z.int(),
  /** Called only when nothing better is left. */
  last: z.boolean(),
})

const ChoiceView = z.object({
  service: z.string(),
  /** The share of the requests that goes there, in percent. */
  percent: z.number(),
  candidates: z.array(Candidate),
  left_out: z.array(z.object({ instance: z.string(), reason: Reason })),
})
export type ChoiceView = z.infer<typeof ChoiceView>

/** What one gateway makes of a request. */
export const GatewayExplain = z.object({
  gateway: z.string(),
  proxy: z.enum(['envoy', 'nginx']),
  /** The listener that it would come in by, and that one's client. */
  listener: z.optional(z.string()),
  client: z.optional(z.string()),
  outcome: z.enum(['forwarded', 'answered', 'no_route', 'refused', 'no_instance', 'nothing_published']),
  /** One sentence that answers the question. */
  answer: z.string(),
  route: z.optional(z.object({ name: z.string(), source: z.string(), asks: z.array(z.string()) })),
  /** What an instance would see. */
  target: z.optional(z.string()),
  choices: z.array(ChoiceView),
  /** Routes whose path fits but that do not take it, and why. */
  passed_over: z.array(z.object({ route: z.string(), source: z.string(), why: z.string() })),
})
export type GatewayExplain = z.infer<typeof GatewayExplain>

export const RouteExplainView = z.object({
  method: z.string(),
  target: z.string(),
  host: z.optional(z.string()),
  gateways: z.array(GatewayExplain),
})
export type RouteExplainView = z.infer<typeof RouteExplainView>
