import * as z from 'zod/mini'
import { AlertView } from './alert.ts'
import { UnderWaySplitView } from './split-api.ts'

/** The part of the API under `/v1` that says how the whole stands: fleet, sinks, the planes themselves. Times are ISO 8601 UTC. */

const time = z.iso.datetime()

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
  /** The Kubernetes clusters that are watched; left out: none is, or another plane leads and does it. */
  kubernetes: z.optional(
    z.array(
      z.object({
        cluster: z.string(),
        /** False: its last known instances stand in for it since the plane began to watch. */
        answered: z.boolean(),
        /** Why it cannot be watched now; null: it can. */
        error: z.nullable(z.string()),
        instances: z.int(),
        /** Instances that a list did not name, and that wait for an operator. */
        held: z.int(),
        /** Endpoints of services of ours that are no instances, by why. */
        left_out: z.record(z.string(), z.int()),
        /** Since it is watched by this plane. */
        asked: z.object({ lists: z.int(), watches: z.int(), bytes: z.int() }),
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
