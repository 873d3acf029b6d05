import * as z from 'zod/mini'

/** The part of the API under `/v1/routing/splits`: how new versions of services get their requests. Times are ISO 8601 UTC. */

const time = z.iso.datetime()

export const splitPhases = ['ready', 'running', 'paused', 'kept', 'settled', 'aborted'] as const
export const splitActions = ['start', 'pause', 'resume', 'promote', 'abort'] as const

/** POST /v1/routing/splits/{service} */
export const SplitRequest = z.strictObject({
  action: z.enum(splitActions, { error: `expected one of ${splitActions.join(', ')}` }),
  by: z.string().check(z.minLength(1), z.maxLength(100)),
  reason: z._default(z.string().check(z.maxLength(500)), ''),
})
export type SplitRequest = z.output<typeof SplitRequest>

/** What one side was asked over the time that the gate looks at; null: nobody counts. */
const CountView = z.nullable(
  z.object({
    requests: z.number(),
    errors: z.number(),
    /** In milliseconds; null: not known. */
    p95_ms: z.nullable(z.number()),
  }),
)
const MeasuredView = z.object({ canary: CountView, baseline: CountView })
export type MeasuredView = z.infer<typeof MeasuredView>

export const TransitionView = z.object({
  at: time,
  /** Whoever wanted it; `gate`, or `declaration`. */
  by: z.string(),
  phase: z.enum(splitPhases),
  /** Such as `cohort` or `10%`. */
  step: z.string(),
  /** A code, such as `asked`, `gate_passed` or `too_many_errors`. */
  reason: z.string(),
  /** In words: what somebody said, or the figures that decided. */
  why: z.string(),
  measured: z.nullable(MeasuredView),
})
export type TransitionView = z.infer<typeof TransitionView>

export const SplitView = z.object({
  service: z.string(),
  /** What the sides are called, as services. */
  baseline: z.string(),
  canary: z.string(),
  /** File and line. */
  source: z.string(),
  /** By what a user is known: `header x-user-id`, `cookie session` or `address`. */
  by: z.string(),
  phase: z.enum(splitPhases),
  /** Such as `cohort`, `10%` and `100%`. */
  steps: z.array(z.string()),
  /** The index of the step that it is in. */
  step: z.int(),
  /** Of a hundred users so many are on the canary now. */
  users_percent: z.number(),
  /** Whether requests of the cohort go to the canary now. */
  cohort: z.boolean(),
  /** When its step, or its phase, began. */
  since: time,
  /** Rises with every change; its ETag. */
  serial: z.int(),
  waiting_for: z.array(z.string()),
  measured: MeasuredView,
})
export type SplitView = z.infer<typeof SplitView>

/** Its changes, oldest first; the last 200. */
export const WholeSplitView = z.extend(SplitView, { transitions: z.array(TransitionView) })
export type WholeSplitView = z.infer<typeof WholeSplitView>

/** With its last change; null: nothing of it has changed yet. */
export const UnderWaySplitView = z.extend(SplitView, { last: z.nullable(TransitionView) })
export type UnderWaySplitView = z.infer<typeof UnderWaySplitView>

export const SplitMovedView = z.object({
  changed: z.boolean(),
  /** Why it is not stored yet: it is taken back at the gateways of the plane that answers, and other planes do not know of it. */
  unkept: z.optional(z.string()),
  split: WholeSplitView,
})
export type SplitMovedView = z.infer<typeof SplitMovedView>
