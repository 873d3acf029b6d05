import * as z from 'zod/mini'
import { Admission } from './messages.ts'

/** The part of the API under `/v1` by which people change what holds: admissions, freezes, what may go from a datacenter. */

const time = z.iso.datetime()
const by = z.string().check(z.minLength(1), z.maxLength(100))
const reason = z.string().check(z.maxLength(500))

/** PUT /v1/instances/:id/admission and PUT /v1/nodes/:id/admission (all that is on it, now and later). */
export const AdmissionRequest = z.strictObject({
  admission: Admission,
  reason,
  by,
  /** After this it is active again; left out: until somebody says so. */
  expires_in_ms: z.optional(z.int().check(z.gte(1000))),
})
export type AdmissionRequest = z.infer<typeof AdmissionRequest>

/** POST /v1/freeze, POST /v1/thaw */
export const FreezeRequest = z.strictObject({
  reason,
  by,
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
  by,
  orders: z
    .array(
      z.strictObject({
        kind: z.enum(['instance', 'node']),
        id: z.string().check(z.minLength(1), z.maxLength(200)),
        admission: Admission,
        reason,
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

/** GET /v1/freeze */
export const FrozenView = z.object({
  frozen: z.nullable(z.object({ by: z.string(), reason: z.string(), since: time })),
})
export type FrozenView = z.infer<typeof FrozenView>

/** POST /v1/datacenters/:name/sweep, only while frozen when `apply` is true. */
export const SweepRequest = z.strictObject({
  owner: z.string().check(z.minLength(1)),
  apply: z.boolean(),
  by,
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
export const ApproveRequest = z.strictObject({ by })
export type ApproveRequest = z.infer<typeof ApproveRequest>
export const ApproveView = z.object({ datacenter: z.string(), approved: z.int() })
export type ApproveView = z.infer<typeof ApproveView>
