import * as z from 'zod/mini'
import { Admission } from './messages.ts'
import { DrainState, LevelName, SettingsProblem } from './orders.ts'

/** The part of the API under `/v1` that is about agents themselves: how much they log, their settings, what they restart. */

const time = z.iso.datetime()
const by = z.string().check(z.minLength(1), z.maxLength(100))
const reason = z.string().check(z.maxLength(500))
const dayMs = 24 * 3_600_000

/** PUT /v1/nodes/:id/log-level */
export const LogLevelRequest = z.strictObject({
  /** null: as the agent's own configuration says. */
  level: z.nullable(LevelName),
  reason,
  by,
  /** After this the agent logs as its own configuration says; left out: until somebody says so. */
  expires_in_ms: z.optional(z.int().check(z.gte(1000))),
})
export type LogLevelRequest = z.infer<typeof LogLevelRequest>

/** POST /v1/nodes/:id/restarts */
export const RestartRequest = z.strictObject({
  /** Given by who may have to ask again: the same id is the same order. */
  id: z.optional(z.string().check(z.regex(/^[a-z0-9-]{1,63}$/))),
  /** One of those that the host of the agent allows. */
  name: z.string().check(z.minLength(1), z.maxLength(63)),
  reason: reason.check(z.minLength(1)),
  by,
  /** It is not begun any more after this. */
  expires_in_ms: z._default(z.int().check(z.gte(1000), z.lte(dayMs)), 600_000),
})
export type RestartRequest = z.infer<typeof RestartRequest>

/** A restart order and what became of it. */
export const RestartView = z.object({
  id: z.string(),
  node: z.string(),
  name: z.string(),
  reason: z.string(),
  by: z.string(),
  ordered_at: time,
  expires_at: time,
  /** open: the agent has not said yet what became of it */
  state: z.enum(['open', 'done', 'failed', 'refused', 'timed-out', 'interrupted', 'expired']),
  code: z.nullable(z.int()),
  why: z.string(),
  /** The last of what it wrote. */
  output: z.string(),
  took_ms: z.nullable(z.number()),
  ended_at: z.nullable(time),
})
export type RestartView = z.infer<typeof RestartView>

/**
 * done: the agent does as desired · pending: it has not said so yet · rejected: it cannot · unsupported: its version does not know how ·
 * unknown: it has said nothing since this control plane started
 */
export const DoneState = z.enum(['done', 'pending', 'rejected', 'unsupported', 'unknown'])
export type DoneState = z.infer<typeof DoneState>

/** GET /v1/nodes/:id/desired: what a node should do, and what it says that it does. */
export const DesiredView = z.object({
  node: z.string(),
  node_name: z.string(),
  contact: z.enum(['connected', 'suspect', 'lost', 'none']),
  /** When the agent last said what it does; null: not since this control plane started, or its version never says. */
  said_at: z.nullable(time),
  logging: z.object({
    state: DoneState,
    /** null: as its own configuration says. */
    desired: z.nullable(
      z.object({ level: LevelName, reason: z.string(), by: z.string(), since: time, expires_at: z.nullable(time) }),
    ),
    /** What it says that it does. */
    level: z.nullable(z.string()),
  }),
  settings: z.object({
    state: DoneState,
    /** Which documents they are put together from; empty: none. */
    version: z.string(),
    document: z.record(z.string(), z.unknown()),
    /** The version that the agent runs. */
    running: z.nullable(z.string()),
    rejected: z.nullable(z.object({ version: z.string(), problems: z.array(SettingsProblem) })),
  }),
  admissions: z.object({
    state: DoneState,
    desired: z.array(
      z.object({
        instance: z.string(),
        admission: Admission,
        reason: z.string(),
        by: z.string(),
        expires_at: z.nullable(time),
        /** The node, where all of it was ordered so. */
        node: z.optional(z.string()),
      }),
    ),
  }),
  /** The gateways on it, which drain with it; left out: it runs none. */
  gateways: z.optional(
    z.object({
      state: DoneState,
      desired: Admission,
      /** How each says that it stands, by gateway; null: not said. */
      is: z.nullable(z.record(z.string(), DrainState)),
    }),
  ),
  restarts: z.object({
    state: DoneState,
    /** What its host allows; null: not said. */
    allowed: z.nullable(z.array(z.string())),
    running: z.nullable(z.string()),
    orders: z.array(RestartView),
  }),
  /** Probes for others that it refused since its start, by cause; null: not said. */
  probes_refused: z.nullable(z.record(z.string(), z.int())),
})
export type DesiredView = z.infer<typeof DesiredView>

const document = z.record(z.string(), z.unknown())
const comment = z.string().check(z.maxLength(500))

/** PUT /v1/settings/:scope */
export const SettingsRequest = z.strictObject({ document, comment, by })
export type SettingsRequest = z.infer<typeof SettingsRequest>

/** POST /v1/settings/:scope/rollback */
export const RollbackRequest = z.strictObject({ to: z.int().check(z.gte(1)), comment, by })
export type RollbackRequest = z.infer<typeof RollbackRequest>

export const SettingsVersionView = z.object({
  scope: z.string(),
  version: z.int(),
  by: z.string(),
  at: time,
  comment: z.string(),
  /** The version that it brings back; null: it is new. */
  restores: z.nullable(z.int()),
  document,
})
export type SettingsVersionView = z.infer<typeof SettingsVersionView>

const History = z.omit(SettingsVersionView, { scope: true, document: true })

/** GET /v1/settings/:scope: what is held for the agents of a scope (`all`, `site:...`, `cluster:...`, `node:...`), newest first. */
export const SettingsView = z.extend(SettingsVersionView, { history: z.array(History) })
export type SettingsView = z.infer<typeof SettingsView>

/** GET /v1/settings/:scope/nodes: which version the agents of a scope run. */
export const SettingsNodesView = z.object({
  counts: z.object({ done: z.int(), pending: z.int(), rejected: z.int(), unsupported: z.int(), unknown: z.int() }),
  /** Those that do not run what is held for them, at most 200. */
  not_done: z.array(
    z.object({
      node: z.string(),
      node_name: z.string(),
      state: DoneState,
      version: z.string(),
      running: z.nullable(z.string()),
      problems: z.array(SettingsProblem),
    }),
  ),
})
export type SettingsNodesView = z.infer<typeof SettingsNodesView>

/** GET /v1/settings */
export const SettingsListView = z.array(z.omit(SettingsVersionView, { document: true }))
export type SettingsListView = z.infer<typeof SettingsListView>
