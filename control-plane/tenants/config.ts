import * as z from 'zod/mini'

const amount = () => z.int().check(z.gte(0), z.lte(1_000_000))

/** How much one tenant may have at a time. */
const Quota = z.strictObject({
  nodes: z._default(amount(), 1_000),
  instances: z._default(amount(), 10_000),
  environments: z._default(amount(), 1_000),
  /** Different names of metrics, since the start of a plane. */
  metrics: z._default(amount(), 2_000),
})
export type Quota = z.output<typeof Quota>

const Some = z.strictObject({
  nodes: z.optional(amount()),
  instances: z.optional(amount()),
  environments: z.optional(amount()),
  metrics: z.optional(amount()),
  /** Patterns of the services that it may announce; left out: any that nobody else has. */
  services: z.optional(
    z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(100)),
  ),
})

/** Settings of tenants. */
export const TenantsConfig = z.strictObject({
  /** For each tenant, as far as nothing else is said of it below. */
  quota: z.prefault(Quota, {}),
  /** By the tenant's name. */
  of: z._default(z.record(z.string().check(z.minLength(1), z.maxLength(200)), Some), {}),
})
export type TenantsConfig = z.output<typeof TenantsConfig>

/** Patterns of the services that a tenant may announce, as far as nobody else has one of that name. */
export function servicesOf(tenant: string, { of }: TenantsConfig): readonly string[] {
  return (Object.hasOwn(of, tenant) ? of[tenant]?.services : undefined) ?? ['*']
}

export function quotaOf(tenant: string, { quota, of }: TenantsConfig): Quota {
  const own = Object.hasOwn(of, tenant) ? (of[tenant] ?? {}) : {}
  return {
    nodes: own.nodes ?? quota.nodes,
    instances: own.instances ?? quota.instances,
    environments: own.environments ?? quota.environments,
    metrics: own.metrics ?? quota.metrics,
  }
}
