import * as z from 'zod/mini'
import { EnvoyRuns } from './runs.ts'

const time = z.iso.datetime()

/** missing: it should be there and is not · changed: it is there in another form · added: it is there and should not be */
export const DriftKind = z.enum(['missing', 'changed', 'added'])
export type DriftKind = z.infer<typeof DriftKind>

/** How a gateway's proxy on one node differs from the set that it has proven, as its agent finds it. */
export const Inspected = z.object({
  type: z.literal('inspected'),
  id: z.string().check(z.maxLength(100)),
  gateway: z.string().check(z.maxLength(200)),
  /** The files in its folder. */
  differences: z
    .array(z.object({ kind: DriftKind, path: z.string().check(z.maxLength(200)) }))
    .check(z.maxLength(1000)),
  /** Whether the proxy serves what it has proven, whatever lies in the folder. */
  serves: z.boolean(),
  /** Of Envoys that ask the plane themselves: what each runs. */
  runs: z.optional(z.array(EnvoyRuns).check(z.maxLength(16))),
  /** Why nothing can be said; then the rest means nothing. */
  error: z.optional(z.string().check(z.maxLength(2000))),
})
export type Inspected = z.infer<typeof Inspected>

/** What an agent is to look at once, by id, and to answer with `inspected`. `repair`: and to set right what differs. */
export const Inspections = z.record(
  z.string(),
  z.object({
    gateway: z.string(),
    repair: z.boolean(),
    /** Services whose endpoints are to be named one by one, where it is an Envoy that asks the plane. */
    endpointsOf: z.optional(z.array(z.string())),
  }),
)
export type Inspections = z.infer<typeof Inspections>

const DifferenceView = z.object({
  kind: DriftKind,
  /** The key of what differs: a record, a file, a resource. */
  what: z.string(),
  /** Where: the node of the catalogue, the node of the agent, the Envoy. */
  at: z.string(),
})
export type DifferenceView = z.infer<typeof DifferenceView>

/** GET /v1/drift: what should be, against what each sink truly shows now. */
export const DriftView = z.object({
  revision: z.int(),
  sinks: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['consul', 'envoy', 'nginx']),
      mode: z.enum(['observe', 'apply']),
      /** unknown: it could not be looked at, or not everywhere; `remarks` say why */
      state: z.enum(['equal', 'drifted', 'unknown']),
      /** The first of them. */
      differences: z.array(DifferenceView),
      /** So many more. */
      more: z.int(),
      remarks: z.array(z.string()),
      at: time,
    }),
  ),
})
export type DriftView = z.infer<typeof DriftView>

/** POST /v1/drift/repair: has the sinks compare and set right what differs, now. Sinks that are only observed are left alone. */
export const RepairRequest = z.strictObject({
  by: z.string().check(z.minLength(1), z.maxLength(100)),
  /** Only these; all if left out. */
  sinks: z.optional(z.array(z.string().check(z.maxLength(300))).check(z.maxLength(100))),
})
export type RepairRequest = z.infer<typeof RepairRequest>

export const RepairView = z.object({
  /** The sinks that were asked. */
  asked: z.array(z.string()),
  left: z.array(z.object({ name: z.string(), why: z.string() })),
})
export type RepairView = z.infer<typeof RepairView>
