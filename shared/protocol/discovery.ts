import * as z from 'zod/mini'
import { Health } from './check.ts'
import { someText } from './plain-text.ts'
import { Reason } from './reason.ts'

/** What agents find on their hosts besides what was declared to them, and what operators decide about it. */

const text = (most: number) => z.string().check(z.maxLength(most))
const named = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))

/**
 * How sure it is what something is. certain: it said its name. likely: the port or the program is well known and it answers as
 * such a service does. possible: one of these alone. unknown: none.
 */
export const Confidence = z.enum(['certain', 'likely', 'possible', 'unknown'])
export type Confidence = z.infer<typeof Confidence>

/** Something that listens on a host and that nobody declared. */
export const Found = z.object({
  /** `found-<port>-<8 hex>`: the same for as long as it is about the same port of the same node. */
  id: named(100),
  port: z.int().check(z.gte(1), z.lte(65535)),
  /** Where it is asked. */
  address: named(253),
  /** adopted: an instance like a declared one. asking: an operator decides. ignored: nobody cares. */
  state: z.enum(['adopted', 'asking', 'ignored']),
  /** Who decided: `policy`, `operator:<name>`, `agent:<node>` where another agent of the host looks after it, or `heddle`: it is its own. */
  by: text(120),
  /** What it is, as far as that is known. */
  service: z.optional(named(100)),
  type: z.optional(named(100)),
  cluster: z.optional(named(63)),
  confidence: Confidence,
  /** What speaks for it, for people: `it says that it is user-service`, `port 8081 is that of user-service (zervigo)` */
  evidence: z.array(text(300)).check(z.maxLength(16)),
  /** How it answered when it was looked at; an adopted one is judged as its instance. */
  health: Health,
  reason: Reason,
  /** How it is checked, or would be: `http /health`, `https /health`, `tcp`, `redis` */
  check: text(300),
  /** Who listens; left out where that could not be read. */
  process: z.optional(
    z.object({
      pid: z.int(),
      name: text(200),
      /** The command line, its secrets masked. */
      command: text(500),
      unit: z.optional(text(200)),
    }),
  ),
  /** The user who listens, by number, where it is known. */
  user: z.optional(z.int()),
  /** What an operator should know: why it was not adopted, why nothing is known of its process. */
  remarks: z.array(text(400)).check(z.maxLength(8)),
  /** The instance that it is, or would be. */
  instance: z.optional(named(100)),
  /** An adopted one on whose port nothing listens any more, and how long, in milliseconds. */
  goneMs: z.optional(z.number()),
})
export type Found = z.infer<typeof Found>

/** Two that claim one port of a host. */
export const PortConflict = z.object({
  /**
   * declared: two declarations. stranger: another service answers than the one that is declared or adopted there. agents: two
   * agents of one host look after the same.
   */
  kind: z.enum(['declared', 'stranger', 'agents']),
  address: named(253),
  port: z.int(),
  claimants: z.array(text(400)).check(z.minLength(2), z.maxLength(8)),
})
export type PortConflict = z.infer<typeof PortConflict>

export const mostFound = 400

/** All that an agent found, told whole: at the beginning of a session and whenever it changes. */
export const Discovered = z.object({
  type: z.literal('discovered'),
  found: z.array(Found).check(z.maxLength(mostFound)),
  /** So many more were found than are told. */
  left: z.int(),
  conflicts: z.array(PortConflict).check(z.maxLength(mostFound)),
})
export type Discovered = z.infer<typeof Discovered>

/** What an operator decided about something found. The agent keeps it on disk and says so by `state` and `by`. */
export const Decision = z.object({
  do: z.enum(['adopt', 'ignore']),
  /** What it is, where the operator knows better. */
  service: z.optional(someText(100)),
  type: z.optional(someText(100)),
  cluster: z.optional(someText(63)),
  /** `operator:<name>` */
  by: someText(120),
})
export type Decision = z.infer<typeof Decision>

/** GET /v1/discovered */
export const DiscoveredView = z.object({
  found: z.array(
    z.extend(Found, {
      node: z.string(),
      node_name: z.string(),
      site: z.string(),
      contact: z.enum(['connected', 'suspect', 'lost', 'none']),
    }),
  ),
  conflicts: z.array(z.extend(PortConflict, { node: z.string(), node_name: z.string() })),
  /** So many more were found than agents could tell. */
  left: z.int(),
})
export type DiscoveredView = z.infer<typeof DiscoveredView>

/** GET /v1/discovered/:id */
export const FoundView = z.extend(Found, { node: z.string() })
export type FoundView = z.infer<typeof FoundView>

/** PUT /v1/discovered/:id */
export const DecisionRequest = z.strictObject({
  do: z.enum(['adopt', 'ignore']),
  service: z.optional(someText(100)),
  type: z.optional(someText(100)),
  cluster: z.optional(someText(63)),
  by: someText(100),
})
export type DecisionRequest = z.infer<typeof DecisionRequest>

/** What became of it: on the agent's disk, or known already. */
export const DecisionView = z.object({
  id: z.string(),
  node: z.string(),
  state: z.enum(['adopted', 'asking', 'ignored']),
  /** The instance that it now is. */
  instance: z.nullable(z.string()),
})
export type DecisionView = z.infer<typeof DecisionView>
