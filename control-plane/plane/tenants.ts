import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { TenantsConfig } from '../tenants/config.ts'
import { Quotas } from '../tenants/quotas.ts'
import { TenantFleets } from '../tenants/tenant-fleets.ts'

/** Whose everything is, and how much each may have. */
export type Tenants = Disposable & { readonly fleets: TenantFleets; readonly quotas: Quotas }

export function followTenants(fleet: Fleet, config: TenantsConfig, log: Logger): Tenants {
  const fleets = new TenantFleets(fleet, fault(log, 'a follower of what a tenant has failed'))
  return { fleets, quotas: new Quotas(config, fleets), [Symbol.dispose]: () => fleets[Symbol.dispose]() }
}

/** What answers each tenant, made when one asks first. */
export class OfTenants<T> {
  readonly #make: (tenant: string) => T
  readonly #made = new Map<string, T>()

  constructor(make: (tenant: string) => T) {
    this.#make = make
  }

  of(tenant: string): T {
    return this.#made.getOrInsertComputed(tenant, () => this.#make(tenant))
  }

  all(): Iterable<T> {
    return this.#made.values()
  }
}
