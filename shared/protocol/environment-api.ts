import * as z from 'zod/mini'

const time = z.string()
const text = (most: number) => z.string().check(z.trim(), z.minLength(1), z.maxLength(most))
const tenant = () => z.string().check(z.minLength(1), z.maxLength(200))
const day = 24 * 3_600_000

/** POST /v1/environments; the header `Idempotency-Key` makes repeated calls one. */
export const EnvironmentRequest = z.strictObject({
  user: z.strictObject({
    name: z.string().check(z.regex(/^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,99}$/u, { error: 'expected a user name' })),
    email: z.optional(
      z.string().check(z.maxLength(254), z.regex(/^[^\s@]+@[^\s@]+$/, { error: 'expected an address' })),
    ),
  }),
  /** Whose it is; a caller that is bound to a tenant makes its own. */
  tenant: z.optional(tenant()),
  /** How much of a Basic Server's capacity it takes. */
  units: z._default(z.int().check(z.gte(1), z.lte(1_000_000)), 1),
  site: z.optional(text(200)),
  cluster: z.optional(text(200)),
  /** What the metadata of the Basic Server must say. */
  labels: z._default(z.record(text(100), z.string().check(z.maxLength(200))), {}),
  /** Over what the environments of one tenant are spread first. */
  spread: z._default(z.enum(['site', 'machine', 'none']), 'site'),
  expires_in_ms: z.optional(z.int().check(z.gte(1_000), z.lte(3_660 * day))),
  reason: text(500),
  by: z.optional(text(200)),
})
export type EnvironmentRequest = z.output<typeof EnvironmentRequest>

export const EnvironmentReleaseRequest = z.strictObject({ reason: text(500) })
export type EnvironmentReleaseRequest = z.output<typeof EnvironmentReleaseRequest>

/** GET /v1/environments */
export const EnvironmentsQuery = z.strictObject({
  tenant: z.optional(tenant()),
  state: z.optional(z.enum(['creating', 'ready', 'undoing', 'failed', 'releasing', 'released'])),
  /** Only those before this number: the one in `Link`. */
  after: z.optional(z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number))),
  limit: z._default(z.pipe(z.string().check(z.regex(/^([1-9]\d{0,2}|1000)$/)), z.transform(Number)), 100),
})
export type EnvironmentsQuery = z.output<typeof EnvironmentsQuery>

export const EnvironmentView = z.object({
  id: z.string(),
  number: z.int(),
  tenant: z.nullable(z.string()),
  /** All but failed and released hold their part of a Basic Server. */
  state: z.enum(['creating', 'ready', 'undoing', 'failed', 'releasing', 'released']),
  user: z.object({ name: z.string(), email: z.nullable(z.string()), id: z.nullable(z.string()) }),
  server: z.object({
    instance: z.string(),
    node: z.string(),
    site: z.string(),
    machine: z.string(),
    /** Where it is now; null: it is not there. */
    address: z.nullable(z.string()),
    routable: z.boolean(),
  }),
  units: z.int(),
  permissions: z.array(z.string()),
  author: z.string(),
  reason: z.string(),
  /** Why it is undone, failed or released; null: it is not. */
  code: z.nullable(z.string()),
  why: z.nullable(z.string()),
  created_at: time,
  updated_at: time,
  expires_at: z.nullable(time),
})
export type EnvironmentView = z.output<typeof EnvironmentView>

const amounts = z.object({ nodes: z.int(), instances: z.int(), environments: z.int(), metrics: z.int() })

/** GET /v1/tenants */
export const TenantView = z.object({
  tenant: z.string(),
  has: amounts,
  may: amounts,
  /** What was refused by this plane since its start. */
  refused: amounts,
})
export type TenantView = z.output<typeof TenantView>

/** PUT /v1/nodes/:id/tenant */
export const TenantRequest = z.strictObject({
  /** null: nobody's. */
  tenant: z.nullable(tenant()),
  reason: text(500),
  by: z._default(text(200), 'somebody'),
})
export type TenantRequest = z.output<typeof TenantRequest>
