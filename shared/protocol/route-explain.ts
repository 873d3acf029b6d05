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
  /** Of a service that is split: which side takes it, null where nothing asked here tells that, and why. */
  split: z.optional(
    z.object({ service: z.string(), side: z.nullable(z.enum(['canary', 'baseline'])), why: z.string() }),
  ),
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

/** What one gateway makes of a route that it has. */
export const RouteOnGateway = z.object({
  gateway: z.string(),
  proxy: z.enum(['envoy', 'nginx']),
  mode: z.enum(['apply', 'observe']),
  /** The version of the declaration in which it has the route, and the newest one that all its proxies have proven; null: none yet. */
  version: z.nullable(z.int()),
  proven: z.nullable(z.int()),
  /**
   * proven: all its proxies have proven a version that has it · unproven: it was sent to them · unpublished: it was not yet sent ·
   * observed: nothing is sent to them
   */
  standing: z.enum(['proven', 'unproven', 'unpublished', 'observed']),
  /** What its proxies reject of the newest version that they were given. */
  rejected: z.array(z.string()),
  /** One sentence that answers the question. */
  answer: z.string(),
  /** exact, prefix or template, and the path; and what else it asks of a request, as people would say it. */
  match: z.string(),
  besides: z.array(z.string()),
  to: z.string(),
  /** What becomes of the path. */
  path: z.string(),
  /** Who may come in: `open`, or the authenticator with the permissions. */
  access: z.string(),
  /** Rate, time, retries and the like. */
  policy: z.array(z.string()),
  source: z.string(),
  /** Its place in the order in which routes are tried, from 1, and how many there are. */
  place: z.int(),
  of: z.int(),
  /** Routes that are tried before it and could take requests that it would take, in that order. */
  before: z.array(z.object({ route: z.string(), match: z.string(), besides: z.array(z.string()), source: z.string() })),
  choices: z.array(ChoiceView),
})
export type RouteOnGateway = z.infer<typeof RouteOnGateway>

/** GET /v1/routing/routes/:name/explain */
export const NamedRouteView = z.object({
  route: z.string(),
  /** Those that have it, by name. */
  gateways: z.array(RouteOnGateway),
  /** Where none has: names of routes that come near, the nearest first. */
  near: z.array(z.string()),
})
export type NamedRouteView = z.infer<typeof NamedRouteView>
