import * as z from 'zod/mini'
import { UpgradeDoing } from './upgrade.ts'

/** What the plane asks of an agent besides admissions, gateways and probes, and what the agent says of it. */

const name = z.string().check(z.maxLength(200))
const text = z.string().check(z.maxLength(500))

export const levelNames = ['trace', 'debug', 'info', 'warn', 'error'] as const
export const LevelName = z.enum(levelNames)
export type LevelName = z.infer<typeof LevelName>

/** Until when it holds: `leftMs` is judged by, counted from when it is read; `until`, by the plane's clock, is for people. */
const ends = { until: z.optional(z.string().check(z.maxLength(40))), leftMs: z.optional(z.number()) }

/** How much the agent logs; null: as its own configuration says. */
export const LoggingOrder = z.object({ level: z.nullable(LevelName), by: name, reason: text, ...ends })
export type LoggingOrder = z.infer<typeof LoggingOrder>

/** How a node is admitted as a whole. Unless it is active, the gateways on it drain. */
export const NodeOrder = z.object({
  admission: z.enum(['active', 'draining', 'maintenance', 'quarantined']),
  by: name,
  reason: text,
  ...ends,
})
export type NodeOrder = z.infer<typeof NodeOrder>

/**
 * How a gateway stands towards the balancers in front of it. serving: its health path says 200 · noticed: it says 503, and they may not have
 * seen it yet · draining: they have had their time, and requests are under way · drained: none is · returning: it says 503 until the newest
 * set is proven · failing: the proxy does not do as it should
 */
export const DrainState = z.object({
  state: z.enum(['serving', 'noticed', 'draining', 'drained', 'returning', 'failing']),
  /** Requests under way, where the proxy says it. */
  requests: z.optional(z.int()),
  why: z.optional(text),
})
export type DrainState = z.infer<typeof DrainState>

/** Settings of the agent that are held at the plane. The agent reads them by its own schema. */
export const SettingsOrder = z.object({
  /** Which documents they are put together from, such as `all@3+node:n-...@1`; empty: none. Equal version, equal document. */
  version: z.string().check(z.maxLength(1000)),
  document: z.record(z.string(), z.unknown()),
})
export type SettingsOrder = z.infer<typeof SettingsOrder>

/** Something that its host allows to be restarted, to be restarted once. */
export const RestartOrder = z.object({ name, by: name, reason: text, ...ends })
export type RestartOrder = z.infer<typeof RestartOrder>

export const mostOutput = 4_000

/** What became of a restart order. */
export const RestartOutcome = z.object({
  /**
   * done: it ended with 0 · failed: with anything else, or could not be started · refused: not run · timed-out: ended by force ·
   * interrupted: the agent ended while it ran, so nobody knows · expired: the agent did not come for it in time
   */
  state: z.enum(['done', 'failed', 'refused', 'timed-out', 'interrupted', 'expired']),
  /** The exit code, where it had one. */
  code: z.optional(z.int()),
  why: z.optional(text),
  /** The last of what it wrote. */
  output: z._default(z.string().check(z.maxLength(mostOutput)), ''),
  tookMs: z._default(z.number().check(z.gte(0)), 0),
})
export type RestartOutcome = z.infer<typeof RestartOutcome>

/** From the agent: what became of a restart. Told again until it is desired no more. */
export const Restarted = z.object({
  type: z.literal('restarted'),
  id: z.string().check(z.minLength(1), z.maxLength(100)),
  outcome: RestartOutcome,
})
export type Restarted = z.infer<typeof Restarted>

export const SettingsProblem = z.object({ path: text, message: text })
export type SettingsProblem = z.infer<typeof SettingsProblem>

/** From the agent: what it does of what is desired, at the start of a session and whenever it changes. */
export const Doing = z.object({
  type: z.literal('doing'),
  logging: z.object({ level: name, ordered: z.boolean() }),
  settings: z.object({
    /** The version that runs; empty: none. */
    version: z.string().check(z.maxLength(1000)),
    /** One that it could not take; the one above runs on. */
    rejected: z.optional(
      z.object({
        version: z.string().check(z.maxLength(1000)),
        problems: z.array(SettingsProblem).check(z.maxLength(50)),
      }),
    ),
  }),
  restarts: z.object({
    /** What its host allows. */
    allowed: z.array(name).check(z.maxLength(100)),
    /** The order that it runs. */
    running: z.optional(name),
  }),
  /** The admissions that it shows, by instance. */
  admissions: z.record(z.string(), z.string().check(z.maxLength(50))),
  /** Probes for others that it refused since its start, by cause. */
  probesRefused: z.record(z.string(), z.int()),
  /** How its gateways stand towards the balancers in front, by gateway. */
  drains: z.optional(z.record(z.string(), DrainState)),
  /** How far it is with the release that is desired; left out: its version does not know of releases. */
  upgrade: z.optional(UpgradeDoing),
})
export type Doing = z.infer<typeof Doing>
