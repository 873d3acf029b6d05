import * as z from 'zod/mini'
import { Health, healths } from './check.ts'
import { Admission } from './messages.ts'
import { Reason } from './reason.ts'

/**
 * The plane's own API under `/v1`: what the CLI and the console read. Its answers about the whole are in status-api.ts, what people change in
 * change-api.ts. Times are ISO 8601 UTC.
 */

const time = z.iso.datetime()
const routable = z.enum(['yes', 'last', 'no'])
const contact = z.enum(['connected', 'suspect', 'lost', 'none'])

/** GET /v1/status?at=, GET /v1/instances/:id/explain?at=: a moment of the past, as time or as revision; now if left out. */
export const AtQuery = z.strictObject({
  at: z.optional(
    z.union([z.iso.datetime(), z.string().check(z.regex(/^\d{1,15}$/))], {
      error: 'expected an ISO time or a revision',
    }),
  ),
})

const whole = z.coerce.number().check(z.multipleOf(1), z.gte(0))
const page = {
  /** Items of a page at most. */
  limit: z._default(whole.check(z.gte(1), z.lte(1000)), 1000),
  /** Items after this one; `Link` in the answer has it ready. */
  after: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
}

/** Of every list. */
export const PageQuery = z.strictObject(page)

const word = z.optional(z.string().check(z.minLength(1), z.maxLength(200)))

/** GET /v1/instances: all that are given must fit. Both spellings of a filter mean the same. */
export const InstancesQuery = z.strictObject({
  ...page,
  service: word,
  node: word,
  site: word,
  cluster: word,
  cluster_id: word,
  type: word,
  service_type: word,
  tag: word,
  origin: word,
  status: z.optional(z.enum(['registered', 'active', 'inactive', 'failed'])),
  health: z.optional(z.enum([...healths, 'healthy'])),
  health_status: z.optional(z.enum([...healths, 'healthy'])),
  routable: z.optional(routable),
})
export type InstancesQuery = z.infer<typeof InstancesQuery>

/** GET /v1/events */
export const EventsQuery = z.strictObject({
  after: z.optional(whole),
  since: z.optional(z.iso.datetime()),
  limit: z._default(whole.check(z.gte(1), z.lte(1000)), 100),
  follow: z._default(z.enum(['true', 'false']), 'false'),
})

/** GET /v1/services */
export const ServiceView = z.object({
  name: z.string(),
  clusters: z.array(z.string()),
  instances: z.int(),
  routable: z.int(),
  passing: z.int(),
  warning: z.int(),
  critical: z.int(),
  unknown: z.int(),
})
export type ServiceView = z.infer<typeof ServiceView>

/** GET /v1/nodes */
export const NodeView = z.object({
  id: z.string(),
  name: z.string(),
  site: z.string(),
  cluster: z.string(),
  address: z.string(),
  /** The agent's version; empty without one. */
  version: z.string(),
  contact,
  contact_since: time,
  /** Why it is away, where that is known: its agent was stopped and said goodbye. */
  contact_reason: z.optional(z.enum(['goodbye'])),
  /** Its death is confirmed. */
  dead: z.boolean(),
  instances: z.array(z.string()),
  gateways: z.array(z.string()),
  /** The gateways for whose proxies its agent checks tokens; left out: none. */
  authorizers: z.optional(z.array(z.string())),
  /** What was ordered for all that is on it, now and later; left out: nothing. */
  admission: z.optional(
    z.object({ state: Admission, reason: z.string(), by: z.string(), since: time, expires_at: z.nullable(time) }),
  ),
  /** What its agent told of times in which no plane heard it, all in all; left out: nothing. What was lost had no room there. */
  told_later: z.optional(z.object({ changes: z.int(), lost_changes: z.int(), lost_measurements: z.int() })),
  /** Whose it is; left out: nobody's. */
  tenant: z.optional(z.string()),
})
export type NodeView = z.infer<typeof NodeView>

/** GET /v1/instances?service=&node=, GET /v1/instances/:id */
export const InstanceView = z.object({
  id: z.string(),
  service: z.string(),
  name: z.string(),
  node: z.string(),
  node_name: z.string(),
  cluster: z.string(),
  address: z.string(),
  port: z.int(),
  origin: z.enum(['agent', 'client', 'kubernetes']),
  contact,
  health: Health,
  health_since: time,
  admission: z.object({
    state: Admission,
    reason: z.string(),
    by: z.string(),
    since: time,
    expires_at: z.nullable(time),
    /** The node that the order is for; left out: it is for this instance. */
    node: z.optional(z.string()),
  }),
  routable,
  /** Why it is routable or not, in the words of what decides it. */
  reason: Reason,
  /** The words of the registry API. */
  status: z.enum(['registered', 'active', 'inactive', 'failed']),
  revision: z.int(),
  registered_at: time,
  /** Whose it is; left out: nobody's. */
  tenant: z.optional(z.string()),
})
export type InstanceView = z.infer<typeof InstanceView>

/** GET /v1/instances/:id/explain: stage by stage from the agent's check to each sink. */
export const ExplainView = z.object({
  instance: z.string(),
  /** known: the fleet has it. */
  known: z.boolean(),
  routable,
  /** One sentence that answers the question. */
  answer: z.string(),
  stages: z.array(
    z.object({
      /** registered, contact, vantages, health, admission, routable, service, route:<gateway>/<route>, sink:<name> */
      stage: z.string(),
      /** yes: fine · no: this is why not · note: worth knowing */
      state: z.enum(['yes', 'no', 'note']),
      text: z.string(),
      since: z.optional(time),
      /** The same as code and parameters, where there is one. */
      reason: z.optional(Reason),
    }),
  ),
})
export type ExplainView = z.infer<typeof ExplainView>

/** GET /v1/events?after=<revision>&since=<ISO time>&limit=&follow=true: a JSON list, or one JSON object a line while following. */
export const EventView = z.object({
  revision: z.int(),
  at: time,
  by: z.string(),
  kind: z.string(),
  /** The node or instance it is about; empty for the whole installation. */
  subject: z.string(),
  /** The change as it is journalled. */
  change: z.record(z.string(), z.unknown()),
})
export type EventView = z.infer<typeof EventView>

/** RFC 9457 problem details, as every refusal answers. */
export const ProblemView = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.optional(z.string()),
  remedy: z.optional(z.string()),
  problems: z.optional(z.array(z.object({ field: z.string(), message: z.string() }))),
  /** What there is now, where a change was made to depend on what there was. */
  current: z.optional(z.unknown()),
  /** The change that was not made, as it was sent, and the version that it was to hold for. */
  yours: z.optional(z.object({ if_match: z.string(), change: z.optional(z.unknown()) })),
})
export type ProblemView = z.infer<typeof ProblemView>
