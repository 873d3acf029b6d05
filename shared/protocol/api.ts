import * as z from 'zod/mini'
import { AlertView } from './alert.ts'
import { Health, healths } from './check.ts'
import { Admission } from './messages.ts'
import { Reason } from './reason.ts'
import { UnderWaySplitView } from './split-api.ts'

/** The plane's own API under `/v1`: what the CLI and the console read. Times are ISO 8601 UTC. */

const time = z.iso.datetime()
const routable = z.enum(['yes', 'last', 'no'])
const contact = z.enum(['connected', 'suspect', 'lost', 'none'])

/** Of so many changes: milliseconds within which half, 95% and 99% were proven. */
const Spread = z.object({ changes: z.int(), p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number() })
const ConvergedView = z.object({
  /** Of those proven within the last hour; null: none. */
  hour: z.nullable(Spread),
  /** Since the plane's start. */
  since_start: z.nullable(Spread),
  /** Changes that are not proven yet. */
  waiting: z.int(),
  /** Changes that waited when more came than are remembered. */
  forgotten: z.int(),
})
export type ConvergedView = z.infer<typeof ConvergedView>

export const SinkView = z.object({
  /** `consul:zervigo-dc`, `envoy:edge`, `nginx:edge` */
  name: z.string(),
  kind: z.enum(['consul', 'envoy', 'nginx']),
  mode: z.enum(['observe', 'apply']),
  state: z.enum(['following', 'behind', 'blocked', 'frozen', 'standby']),
  /** The newest revision that the sink is proven to show, and since when; null: none yet. */
  proven: z.nullable(z.object({ revision: z.int(), at: time })),
  /** For people: what is contested, rejected, parked or guarded, and where it comes from. */
  remarks: z.array(z.string()),
  figures: z.record(z.string(), z.number()),
  /** How long it took from a change until the sink had proven it; left out: nothing proven yet, or only observed. */
  convergence: z.optional(z.object({ fleet: z.nullable(ConvergedView), declaration: z.nullable(ConvergedView) })),
})
export type SinkView = z.infer<typeof SinkView>

/** GET /v1/status?at=, GET /v1/instances/:id/explain?at=: a moment of the past, as time or as revision; now if left out. */
export const AtQuery = z.strictObject({
  at: z.optional(
    z.union([z.iso.datetime(), z.string().check(z.regex(/^\d{1,15}$/))], {
      error: 'expected an ISO time or a revision',
    }),
  ),
})

/** A plane that shares the store with others. */
export const ReplicaView = z.object({
  /** Random for each process. */
  run: z.string(),
  holder: z.string(),
  /** Where its API is asked. */
  api: z.string(),
  machine: z.string(),
  site: z.string(),
  version: z.string(),
  /** gone: it was not seen for 5 s · leaving: it hands its agents over and ends */
  state: z.enum(['serving', 'leaving', 'gone']),
  leads: z.boolean(),
  /** It is the one that answers. */
  self: z.boolean(),
  revision: z.int(),
  sessions: z.int(),
  /** Milliseconds by the store's clock. */
  seen_ms_ago: z.int(),
  started_ms_ago: z.int(),
})
export type ReplicaView = z.infer<typeof ReplicaView>

/** GET /v1/fingerprint: of the state after a revision that is still to come, or of the one of now. */
export const FingerprintQuery = z.strictObject({
  at: z.optional(z.coerce.number().check(z.multipleOf(1), z.gte(0))),
})
export const FingerprintView = z.object({ run: z.string(), revision: z.int(), hash: z.string() })
export type FingerprintView = z.infer<typeof FingerprintView>

/** GET /v1/status */
export const StatusView = z.object({
  /** Set where it was asked for a moment of the past: sinks and problems are not in the journal, so there are none. */
  past: z.optional(z.object({ revision: z.int(), at: z.nullable(time) })),
  owner: z.string(),
  installation: z.string(),
  version: z.string(),
  started_at: time,
  /** False until everything stored is loaded: nothing is concluded from what is missing. */
  complete: z.boolean(),
  revision: z.int(),
  frozen: z.nullable(z.object({ by: z.string(), reason: z.string(), since: time })),
  /** Sites whose routing is held, since machines of them were lost together. */
  holds: z.array(
    z.object({
      site: z.string(),
      /** At most 100 of them; `lost` counts all. */
      machines: z.array(z.string()),
      lost: z.optional(z.int()),
      since: time,
      until: time,
      /** Routable instances on those machines. */
      instances: z.optional(z.int()),
      /** Of which services they are, and how many instances those have; at most 100, those of which most is held first. */
      services: z.optional(z.array(z.object({ service: z.string(), held: z.int(), of: z.int() }))),
    }),
  ),
  nodes: z.object({ total: z.int(), connected: z.int(), suspect: z.int(), lost: z.int(), none: z.int() }),
  instances: z.object({
    total: z.int(),
    routable: z.int(),
    /** Routable only when nothing better is left. */
    last: z.int(),
    not_routable: z.int(),
    passing: z.int(),
    warning: z.int(),
    critical: z.int(),
    unknown: z.int(),
  }),
  sinks: z.array(SinkView),
  /** The planes that share the store, the oldest first; this one alone where it shares it with nobody. */
  replicas: z.optional(z.array(ReplicaView)),
  /** Who leads, as far as this plane has heard; null: nobody that it knows of. */
  leader: z.optional(z.nullable(z.object({ run: z.string(), holder: z.string(), epoch: z.int() }))),
  /** What others have registered in the Consul datacenters that are read. */
  foreign: z.optional(
    z.array(
      z.object({
        datacenter: z.string(),
        /** False: its last known list stands in for it since the plane started. */
        answered: z.boolean(),
        /** Why it does not answer now; null: it does. */
        error: z.nullable(z.string()),
        instances: z.int(),
        /** More than are kept. */
        beyond: z.int(),
        copied_to: z.array(z.string()),
      }),
    ),
  ),
  /** A version of the routing that is on its way by stages; left out: none is. */
  underway: z.optional(
    z.object({
      number: z.int(),
      author: z.string(),
      comment: z.string(),
      /** The stage under way, counted from 1, and what it is called. */
      stage: z.int(),
      stages: z.int(),
      name: z.string(),
      /** The gateways that have the version by now, of all that it is to reach. */
      reached: z.array(z.string()),
      gateways: z.int(),
      since: time,
      /** What the stage waits for. */
      waiting_for: z.array(z.string()),
    }),
  ),
  /** The splits of services that are under way, and those taken back within the last hour; left out: none is. */
  splits: z.optional(z.array(UnderWaySplitView)),
  /** What is wrong and waits for a person: problems of the declaration, the store, the sinks. */
  problems: z.array(z.string()),
  /** What the fleet itself shows that people should know of: holds, lost sites, what fell to the lowest priority. */
  alerts: z.optional(z.array(AlertView)),
})
export type StatusView = z.infer<typeof StatusView>

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
  origin: z.enum(['agent', 'client']),
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

/** PUT /v1/instances/:id/admission and PUT /v1/nodes/:id/admission (all that is on it, now and later). */
export const AdmissionRequest = z.strictObject({
  admission: Admission,
  reason: z.string().check(z.maxLength(500)),
  by: z.string().check(z.minLength(1), z.maxLength(100)),
  /** After this it is active again; left out: until somebody says so. */
  expires_in_ms: z.optional(z.int().check(z.gte(1000))),
})
export type AdmissionRequest = z.infer<typeof AdmissionRequest>

/** POST /v1/freeze, POST /v1/thaw */
export const FreezeRequest = z.strictObject({
  reason: z.string().check(z.maxLength(500)),
  by: z.string().check(z.minLength(1), z.maxLength(100)),
})
export type FreezeRequest = z.infer<typeof FreezeRequest>

/** What every change answers: whether it changed anything, and the revision from which on sinks show it. */
export const ChangeView = z.object({
  changed: z.boolean(),
  revision: z.int(),
  instances: z.optional(z.array(z.string())),
  /** Those of `instances` that are as another order says: one for the instance itself, or for its node. */
  otherwise: z.optional(
    z.array(z.object({ instance: z.string(), admission: Admission, node: z.optional(z.string()) })),
  ),
})
export type ChangeView = z.infer<typeof ChangeView>

/** POST /v1/admissions: up to 1,000 orders, each made or not by itself. */
export const AdmissionBatchRequest = z.strictObject({
  by: z.string().check(z.minLength(1), z.maxLength(100)),
  orders: z
    .array(
      z.strictObject({
        kind: z.enum(['instance', 'node']),
        id: z.string().check(z.minLength(1), z.maxLength(200)),
        admission: Admission,
        reason: z.string().check(z.maxLength(500)),
        expires_in_ms: z.optional(z.int().check(z.gte(1000))),
        /** The ETag of what was read: it holds for that version only. */
        if_match: z.optional(z.string()),
      }),
    )
    .check(z.maxLength(1000)),
})
export type AdmissionBatchRequest = z.infer<typeof AdmissionBatchRequest>

export const AdmissionBatchView = z.object({
  total: z.int(),
  failed: z.int(),
  /** In the order of the orders; `status` is what the call of its own would have been answered with. */
  results: z.array(
    z.object({
      index: z.int(),
      status: z.int(),
      change: z.optional(ChangeView),
      detail: z.optional(z.string()),
      code: z.optional(z.string()),
      remedy: z.optional(z.string()),
      problems: z.optional(z.array(z.object({ field: z.string(), message: z.string() }))),
      current: z.optional(z.unknown()),
      yours: z.optional(z.object({ if_match: z.string(), change: z.optional(z.unknown()) })),
    }),
  ),
})
export type AdmissionBatchView = z.infer<typeof AdmissionBatchView>

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

/** GET /v1/freeze */
export const FrozenView = z.object({
  frozen: z.nullable(z.object({ by: z.string(), reason: z.string(), since: time })),
})
export type FrozenView = z.infer<typeof FrozenView>

/** POST /v1/datacenters/:name/sweep, only while frozen when `apply` is true. */
export const SweepRequest = z.strictObject({
  owner: z.string().check(z.minLength(1)),
  apply: z.boolean(),
  by: z.string().check(z.minLength(1), z.maxLength(100)),
})
export type SweepRequest = z.infer<typeof SweepRequest>

export const SweepView = z.object({
  datacenter: z.string(),
  owner: z.string(),
  applied: z.boolean(),
  /** What is (or was) there of that owner, in Consul's terms: `node heddle-x-n-...`, `service ...`, `check ...`, `key ...` */
  records: z.array(z.string()),
  /** What could not be removed, and why. */
  left: z.array(z.string()),
})
export type SweepView = z.infer<typeof SweepView>

/** POST /v1/datacenters/:name/deletions: an operator lets the inferred deletions go that the guard holds back. */
export const ApproveRequest = z.strictObject({ by: z.string().check(z.minLength(1), z.maxLength(100)) })
export type ApproveRequest = z.infer<typeof ApproveRequest>
export const ApproveView = z.object({ datacenter: z.string(), approved: z.int() })
export type ApproveView = z.infer<typeof ApproveView>

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
