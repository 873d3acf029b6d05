import * as z from 'zod/mini'

/** Absent and null are the same for an API server. */
const optional = <T extends z.ZodMiniType>(type: T) => z.nullish(type)
const texts = optional(z.record(z.string(), z.string()))

const metadata = z.object({
  name: z.string(),
  namespace: z._default(z.string(), 'default'),
  uid: z._default(z.string(), ''),
  resourceVersion: z._default(z.string(), ''),
  labels: texts,
  annotations: texts,
  deletionTimestamp: optional(z.string()),
})

/** What of an EndpointSlice (discovery.k8s.io/v1) is read. */
export const EndpointSlice = z.object({
  metadata,
  addressType: z.string(),
  endpoints: optional(
    z.array(
      z.object({
        addresses: z.array(z.string()),
        conditions: optional(
          z.object({
            ready: optional(z.boolean()),
            serving: optional(z.boolean()),
            terminating: optional(z.boolean()),
          }),
        ),
        nodeName: optional(z.string()),
        zone: optional(z.string()),
        targetRef: optional(
          z.object({ kind: optional(z.string()), name: optional(z.string()), uid: optional(z.string()) }),
        ),
      }),
    ),
  ),
  ports: optional(
    z.array(z.object({ name: optional(z.string()), port: optional(z.int()), protocol: optional(z.string()) })),
  ),
})
export type EndpointSlice = z.infer<typeof EndpointSlice>

/** What of a Pod is read: specifications, and whatever might be a secret in them, are not. */
export const Pod = z.object({
  metadata,
  spec: optional(z.object({ nodeName: optional(z.string()) })),
  status: optional(
    z.object({
      hostIP: optional(z.string()),
      conditions: optional(
        z.array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: optional(z.string()),
          }),
        ),
      ),
      containerStatuses: optional(
        z.array(
          z.object({
            state: optional(z.object({ waiting: optional(z.object({ reason: optional(z.string()) })) })),
          }),
        ),
      ),
    }),
  ),
})
export type Pod = z.infer<typeof Pod>

/** One page of a list. */
export const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: optional(z.string()) }),
  items: z.nullish(z.array(z.unknown())),
})

/** One event of a watch. */
export const WatchEvent = z.object({
  type: z.string(),
  object: z.unknown(),
})

/** Of every object, and of a `Status` in its place. */
export const Versioned = z.object({
  metadata: z.object({
    name: z.optional(z.string()),
    namespace: z.optional(z.string()),
    resourceVersion: z.optional(z.string()),
    annotations: texts,
  }),
})

export const Status = z.object({
  code: z.optional(z.int()),
  message: z.optional(z.string()),
  reason: z.optional(z.string()),
})
