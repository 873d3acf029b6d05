import * as z from 'zod/mini'
import { ReleaseManifest, SignedRelease } from './release.ts'

/** Releases of the agent on their way to hosts: what the plane asks of agents, what they say, and the part of the API about it. */

/** A package with its own Node is some 45 MB; nothing larger is taken. */
export const mostReleaseBytes = 512 * 1024 * 1024
/** A file travels in pieces of this size, so that what broke off goes on where it was. */
export const pieceBytes = 1024 * 1024

const text = z.string().check(z.maxLength(500))
const time = z.iso.datetime()
const by = z.string().check(z.minLength(1), z.maxLength(100))
const version = ReleaseManifest.shape.version
export const Sha256 = ReleaseManifest.shape.sha256

/** What an agent is to become. */
export const UpgradeOrder = z.object({ signed: SignedRelease, bytes: z.int().check(z.gte(1), z.lte(mostReleaseBytes)) })
export type UpgradeOrder = z.infer<typeof UpgradeOrder>

/**
 * How far an agent is with the release that is desired. none: nothing is desired, or it is that version · fetching · handed: whoever installs has
 * it · installing: it is being installed, or proven · failed: it will not come; `code` says why
 */
export const UpgradeStage = z.enum(['none', 'fetching', 'handed', 'installing', 'failed'])

/** From the agent, as a part of what it does. */
export const UpgradeDoing = z.object({
  stage: UpgradeStage,
  /** Which one; left out: none. */
  version: z.optional(z.string().check(z.maxLength(64))),
  /** Why it cannot be upgraded from afar at all; left out: it can. */
  unable: z.optional(z.enum(['no_key', 'no_installer'])),
  /** The version below which it lets nothing in; left out: it cannot be read. */
  floor: z.optional(z.string().check(z.maxLength(64))),
  code: z.optional(z.string().check(z.maxLength(64))),
  why: z.optional(text),
})
export type UpgradeDoing = z.infer<typeof UpgradeDoing>

/** POST /v1/upgrades/releases: what is said of a file that follows in pieces. */
export const ReleaseRequest = z.strictObject({
  signed: SignedRelease,
  bytes: z.int().check(z.gte(1), z.lte(mostReleaseBytes)),
  by,
})
export type ReleaseRequest = z.infer<typeof ReleaseRequest>

export const ReleaseView = z.object({
  version,
  sha256: Sha256,
  bytes: z.int(),
  key: z.string(),
  not_before: time,
  by: z.string(),
  at: time,
  /** How much of the file this plane has; all of it: `bytes`. */
  here: z.int(),
})
export type ReleaseView = z.infer<typeof ReleaseView>

const durationMs = z.int().check(z.gte(0), z.lte(7 * 24 * 3_600_000))

/** `3` nodes or `10%` of them, all in all, when the stage is done. */
export const StageText = z.string().check(z.regex(/^(?:[1-9]\d{0,5}|(?:100|[1-9]\d?)%)$/))
/** Minutes of the day, UTC: `22:00-04:00`. */
export const WindowText = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/))
export const ScopeText = z.string().check(z.maxLength(220), z.regex(/^(?:all|(?:site|cluster|node):.+)$/))

/** POST /v1/upgrades/rollouts */
export const RolloutRequest = z.strictObject({
  version,
  /** `all`, `site:tencent`, `cluster:zervigo`, `node:n-...`. */
  scope: z._default(ScopeText, 'all'),
  stages: z._default(z.array(StageText).check(z.minLength(1), z.maxLength(20)), ['1', '10%', '50%', '100%']),
  /** Between two stages. */
  pause_ms: z._default(durationMs, 600_000),
  /** For how long an upgraded node must have been well before it counts. */
  soak_ms: z._default(durationMs, 60_000),
  /** Within this an agent must have come back, and be well. */
  limit_ms: z._default(durationMs.check(z.gte(1_000)), 600_000),
  /** Percent of those that were asked; more of them that fail halt it. */
  most_failed_percent: z._default(z.int().check(z.gte(0), z.lte(100)), 0),
  /** Nodes under way at once. */
  at_once: z._default(z.int().check(z.gte(1), z.lte(1_000)), 10),
  window: z.optional(WindowText),
  /** To a version that is older than one that runs: only where no floor is above it. */
  back: z._default(z.boolean(), false),
  reason: z._default(text, ''),
  by,
})
export type RolloutRequest = z.input<typeof RolloutRequest>

/** POST /v1/upgrades/rollouts/:id */
export const RolloutSteering = z.strictObject({
  action: z.enum(['pause', 'resume', 'stop']),
  reason: z._default(text, ''),
  by,
})
export type RolloutSteering = z.input<typeof RolloutSteering>

export const RolloutPhase = z.enum(['running', 'paused', 'halted', 'stopped', 'done'])
export type RolloutPhase = z.infer<typeof RolloutPhase>

const NodeState = z.enum(['asked', 'well', 'proven', 'failed'])

export const RolloutView = z.object({
  id: z.int(),
  scope: z.string(),
  version,
  phase: RolloutPhase,
  stages: z.array(z.string()),
  /** The index of the stage that it is in. */
  stage: z.int(),
  since: time,
  serial: z.int(),
  by: z.string(),
  reason: z.string(),
  pause_ms: z.int(),
  soak_ms: z.int(),
  limit_ms: z.int(),
  most_failed_percent: z.int(),
  at_once: z.int(),
  window: z.nullable(z.string()),
  counts: z.object({
    /** Nodes of the scope that are to be upgraded, or were. */
    all: z.int(),
    asked: z.int(),
    proven: z.int(),
    failed: z.int(),
  }),
  /** Those under way and those that failed, at most 200. */
  nodes: z.array(
    z.object({ node: z.string(), name: z.string(), state: NodeState, since: time, says: z.string(), why: z.string() }),
  ),
  /** Those that cannot be upgraded from afar, at most 200; they hold nobody up. */
  left_out: z.array(z.object({ node: z.string(), name: z.string(), version: z.string(), why: z.string() })),
  waiting_for: z.array(z.string()),
  transitions: z.array(
    z.object({ at: time, by: z.string(), phase: RolloutPhase, stage: z.int(), code: z.string(), why: z.string() }),
  ),
})
export type RolloutView = z.infer<typeof RolloutView>

/** GET /v1/upgrades */
export const UpgradesView = z.object({
  releases: z.array(ReleaseView),
  /** Newest first, at most 20. */
  rollouts: z.array(RolloutView),
  /** How many agents say that they have each version. */
  versions: z.array(z.object({ version: z.string(), nodes: z.int() })),
})
export type UpgradesView = z.infer<typeof UpgradesView>

/** PUT /v1/upgrades/releases/:sha256/pieces */
export const PieceRequest = z.strictObject({
  offset: z.int().check(z.gte(0), z.lte(mostReleaseBytes)),
  /** Base64, at most 1 MiB of the file. */
  data: z.base64().check(z.minLength(1), z.maxLength(Math.ceil(pieceBytes / 3) * 4)),
})
export type PieceRequest = z.infer<typeof PieceRequest>

/** How much of the file the plane has after it. */
export const PieceTakenView = z.object({ here: z.int(), bytes: z.int() })
export type PieceTakenView = z.infer<typeof PieceTakenView>

/** GET /v1/upgrades/releases/:sha256/pieces/:offset: up to 1 MiB of a file from there on. */
export const PieceView = z.object({ offset: z.int(), bytes: z.int(), data: z.base64() })
export type PieceView = z.infer<typeof PieceView>
