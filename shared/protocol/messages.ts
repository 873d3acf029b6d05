import * as z from 'zod/mini'
import { Admit, AdmitOutcome } from './admit.ts'
import { AuthorizerSet } from './authorizer.ts'
import { Health, InstanceSpec, ProbeSpecs } from './check.ts'
import { Decision, Discovered } from './discovery.ts'
import { Inspected, Inspections } from './drift.ts'
import { FileProxy, GatewayFiles, GatewayOutcome } from './gateway.ts'
import { Doing, LoggingOrder, NodeOrder, Restarted, RestartOrder, SettingsOrder } from './orders.ts'
import { plainText, someText } from './plain-text.ts'
import { Reason } from './reason.ts'
import { Counted, Counters } from './traffic.ts'
import { UpgradeOrder } from './upgrade.ts'

/** The WebSocket subprotocol. The version rises only when a peer of the version before would misunderstand. */
export const subprotocol = 'heddle.v1'
export const sessionPath = '/agents'

/** Cadences of the session in milliseconds; both sides reckon with them. */
export const beatEveryMs = 5_000
export const metricsEveryMs = 15_000
export const pingEveryMs = 10_000
/** Changes that follow the first within this time leave with it. */
export const gatherMs = 20
/** No message is larger than this. */
export const mostMessageBytes = 1024 * 1024

const name = plainText(200)

export const Hello = z.object({
  type: z.literal('hello'),
  node: z.string().check(z.regex(/^n-[a-z2-7]{12}$/)),
  /** Which machine this is: survives reinstallation of the agent, differs between copies of a disk where it can. */
  machine: someText(128),
  /** Counts the agent's starts. */
  incarnation: z.int().check(z.gte(1)),
  version: name,
  name,
  site: name,
  cluster: z.optional(name),
  /** An address of this node that others can reach. */
  address: someText(253),
  /** The gateways whose proxies this agent runs, with the kind of proxy. */
  gateways: z.optional(z.array(z.object({ gateway: name, proxy: FileProxy })).check(z.maxLength(16))),
  /** The gateways whose Envoys, on this node, ask the plane themselves and are looked at by this agent. */
  envoys: z.optional(z.array(name).check(z.maxLength(16))),
  /** The gateways for whose proxies this agent checks tokens. */
  authorizers: z.optional(z.array(name).check(z.maxLength(16))),
  /** The kinds of checks that it can run for others; http and tcp where it does not say. */
  probes: z.optional(z.array(name).check(z.maxLength(64))),
  /** The keys of `Desired` that it takes; the first ones where it does not say. */
  takes: z.optional(z.array(name).check(z.maxLength(64))),
  /** It goes to another plane when this one asks it to. Left out: it does not know how. */
  moves: z.optional(
    z.object({
      /** Which of its addresses this is in the order in which it would rather have them, from 0. */
      choice: z.int().check(z.gte(0)),
      /** How many it has. */
      of: z.int().check(z.gte(1)),
    }),
  ),
  credential: z.optional(z.string().check(z.maxLength(4096))),
})
export type Hello = z.infer<typeof Hello>

/** One instance in a report. `spec` is left out when it is as last acknowledged. */
export const InstanceReport = z.object({
  id: z.string().check(z.minLength(1), z.maxLength(100)),
  spec: z.optional(InstanceSpec),
  health: Health,
  reason: Reason,
  /** How long ago this verdict was reached, in milliseconds: ages, since clocks differ. */
  ageMs: z.number().check(z.gte(0)),
})
export type InstanceReport = z.infer<typeof InstanceReport>

/** A measured value. `instance` is left out where it belongs to the node. */
export const Metric = z.object({
  instance: z.optional(z.string()),
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  value: z.number(),
  unit: z.enum(['percent', 'ms', 'count', 'bytes']),
})
export type Metric = z.infer<typeof Metric>

/** Metrics in one report. */
export const mostMetrics = 2_000

export const Report = z.object({
  type: z.literal('report'),
  /** Rises by one with each report of an incarnation; applying a report twice changes nothing. */
  sequence: z.int().check(z.gte(1)),
  /** True for the first of a session: what it does not name is no longer configured on this node. */
  whole: z.optional(z.boolean()),
  instances: z.optional(z.array(InstanceReport).check(z.maxLength(1000))),
  /** Instances that are no longer configured here. */
  withdrawn: z.optional(z.array(z.string()).check(z.maxLength(1000))),
  metrics: z.optional(z.array(Metric).check(z.maxLength(mostMetrics))),
  /** The agent's own event-loop lag in the last interval: a starved agent is slow, not dead. */
  lagMs: z.optional(z.number()),
})
export type Report = z.infer<typeof Report>

/** Says "I live" when there is nothing else to say. */
export const Beat = z.object({ type: z.literal('beat'), lagMs: z.optional(z.number()) })
/** What became of a set of gateway files. */
export const Applied = z.object({ type: z.literal('applied'), gateway: name, outcome: GatewayOutcome })
/** The result of one of `desired.probes`. */
export const Probed = z.object({
  type: z.literal('probed'),
  id: z.string(),
  health: Health,
  reason: Reason,
  tookMs: z.number(),
  /** Why it was not run; then there is no verdict. */
  refused: z.optional(name),
})
/** A state change of the past. */
export const PastEdge = z.object({
  /** Rises within a log. */
  n: z.int().check(z.gte(1)),
  id: z.string().check(z.minLength(1), z.maxLength(100)),
  health: Health,
  reason: Reason,
  /** How long ago it happened, in milliseconds. */
  ageMs: z.number().check(z.gte(0)),
  /** So many changes of this instance just before it are told as this number only; the first of them was so long ago. */
  folded: z.optional(z.object({ count: z.int().check(z.gte(1)), sinceMs: z.number().check(z.gte(0)) })),
  /** So many before it were given up for want of room. */
  lost: z.optional(z.int().check(z.gte(1))),
})
export type PastEdge = z.infer<typeof PastEdge>

/** What was measured at one moment of the past. */
export const PastSample = z.object({
  n: z.int().check(z.gte(1)),
  ageMs: z.number().check(z.gte(0)),
  metrics: z.array(Metric).check(z.maxLength(2000)),
  /** So many before it were given up for want of room. */
  lost: z.optional(z.int().check(z.gte(1))),
})
export type PastSample = z.infer<typeof PastSample>

/**
 * What happened while no plane heard it, told later, oldest first. It is history: it says nothing about what is now. Only sent to planes
 * whose welcome says that they take it; one at a time, answered with `history-taken`.
 */
export const History = z.object({
  type: z.literal('history'),
  /** Counts within a session. */
  batch: z.int().check(z.gte(1)),
  /** Which log of the agent the numbers are of. What was told before, by log and number, changes nothing. */
  log: z.string().check(z.minLength(1), z.maxLength(64)),
  /** Each a PastEdge. One that cannot be read must not keep the others back. */
  edges: z.optional(z.array(z.unknown()).check(z.maxLength(1000))),
  /** Each a PastSample. */
  samples: z.optional(z.array(z.unknown()).check(z.maxLength(1000))),
})
export type History = z.infer<typeof History>

/** Asks for its next certificate; answered with `renewed` or `not-renewed`. */
export const Renew = z.object({ type: z.literal('renew'), csr: z.string().check(z.maxLength(8_192)) })
/** The authorities that it trusts from now on, by the hashes of their keys: said when that has changed. */
export const Trusts = z.object({ type: z.literal('trusts'), authorities: z.array(name).check(z.maxLength(16)) })

/** It was asked to go to another plane, and found none that takes it. */
export const Stays = z.object({ type: z.literal('stays') })

/** An agent that stops says so; its instances stay as they are. */
export const Goodbye = z.object({ type: z.literal('goodbye') })

export const AgentMessage = z.discriminatedUnion('type', [
  Hello,
  Report,
  Beat,
  Applied,
  Probed,
  Discovered,
  Doing,
  Restarted,
  History,
  Counted,
  Counters,
  Inspected,
  Renew,
  Trusts,
  Stays,
  Admit,
  Goodbye,
])
export type AgentMessage = z.infer<typeof AgentMessage>

export const Admission = z.enum(['active', 'draining', 'maintenance', 'quarantined'])
export type Admission = z.infer<typeof Admission>

/** What the plane wants of one node. Whole at the start of a session, afterwards only the keys that changed. */
export const Desired = z.object({
  /** Instances of this node that are not simply active. */
  admissions: z.record(
    z.string(),
    z.object({
      admission: Admission,
      reason: z.string(),
      by: z.string(),
      until: z.optional(z.string()),
      /** It is so because all of its node is. */
      node: z.optional(z.boolean()),
    }),
  ),
  /** How the node is admitted as a whole. */
  node: z.optional(NodeOrder),
  logging: z.optional(LoggingOrder),
  settings: z.optional(SettingsOrder),
  /** Restarts to run once each, by id, until the agent has said what became of them. */
  restarts: z.optional(z.record(z.string(), RestartOrder)),
  /** Files of the gateways that this node runs, by gateway. */
  gateways: z.record(z.string(), GatewayFiles),
  /** Probes to run once each for other nodes, by id, and to answer with `probed`. */
  probes: ProbeSpecs,
  /** What operators decided about things that this node's agent found, by their ids, until the agent says that it is done. */
  discoveries: z.optional(z.record(z.string(), Decision)),
  /** What it checks tokens with, by gateway. Of a gateway that is not named nothing is said: what was wanted for it goes on. */
  authorizers: z.optional(z.record(z.string(), AuthorizerSet)),
  /** What it is to look at once, by id, and to answer with `inspected`. */
  inspections: z.optional(Inspections),
  /** The authorities that it is to trust, PEM. Where it is left out nothing is said. */
  trust: z.optional(z.string().check(z.maxLength(100_000))),
  /** What its agent is to become; null: nothing in particular. */
  upgrade: z.optional(z.nullable(UpgradeOrder)),
})
export type Desired = z.infer<typeof Desired>

export const PlaneMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    session: z.string(),
    plane: name,
    /** It takes `history`. */
    history: z.optional(z.boolean()),
  }),
  /** The session ends after this. `retry` tells whether coming back without a change makes sense. */
  z.object({ type: z.literal('refused'), code: z.string(), message: z.string(), retry: z.boolean() }),
  /** This report and all before it are taken in. */
  z.object({ type: z.literal('ack'), sequence: z.int() }),
  /** The batch is on disk; the next one may come. */
  z.object({ type: z.literal('history-taken'), batch: z.int() }),
  /**
   * Please go to another plane: this one leaves, or has more than its share. The session goes on until the other one has welcomed the
   * agent. Only sent to those whose hello says that they know how.
   */
  z.object({ type: z.literal('move'), why: z.enum(['leaving', 'balance']) }),
  /** Its next certificate with those of who signed it, and all that it is to trust: PEM. */
  z.object({ type: z.literal('renewed'), certificate: z.string(), trust: z.string() }),
  /** It gets none; `retry` tells whether asking again makes sense. */
  z.object({ type: z.literal('not-renewed'), code: z.string(), message: z.string(), retry: z.boolean() }),
  /** What became of `admit`. */
  AdmitOutcome,
  z.object({ type: z.literal('desired'), whole: z.boolean(), desired: z.partial(Desired) }),
])
export type PlaneMessage = z.infer<typeof PlaneMessage>
