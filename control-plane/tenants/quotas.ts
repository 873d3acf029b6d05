import { Failure } from '#shared/failure/failure.ts'
import { fits, type Outside } from '#shared/identity/scope.ts'
import { quotaOf, servicesOf, type TenantsConfig } from './config.ts'
import type { TenantFleets } from './tenant-fleets.ts'

export const counted = ['nodes', 'instances', 'environments', 'metrics'] as const
export type Counted = (typeof counted)[number]

/** Tenants whose refusals are counted by name. */
const mostTenants = 10_000

/** What is beyond a quota; undefined: nothing is. The one place that decides it. */
export function beyondQuota(has: number, more: number, may: number): number | undefined {
  return has + more > may ? has + more : undefined
}

/** Who may have how much, and how often more was refused. What is being recorded counts already. */
export class Quotas {
  readonly #config: TenantsConfig
  readonly #fleets: TenantFleets
  readonly #underWay = new Map<string, number>()
  readonly #metrics = new Map<string, Set<string>>()
  /** Services that a tenant is just about to announce. */
  readonly #services = new Map<string, string>()
  readonly #refused = new Map<string, Record<Counted, number>>()

  constructor(config: TenantsConfig, fleets: TenantFleets) {
    this.#config = config
    this.#fleets = fleets
  }

  may(tenant: string): Readonly<Record<Counted, number>> {
    return quotaOf(tenant, this.#config)
  }

  /** What a tenant has now, its environments aside: the store knows those. */
  has(tenant: string): Readonly<Record<'nodes' | 'instances' | 'metrics', number>> {
    const { nodes, instances } = this.#fleets.of(tenant)
    return { nodes: nodes.size, instances: instances.size, metrics: this.#metrics.get(tenant)?.size ?? 0 }
  }

  refused(tenant: string): Readonly<Record<Counted, number>> {
    return this.#refused.get(tenant) ?? nothing
  }

  /** Since the start, of all tenants together. */
  counts(): Readonly<Record<string, number>> {
    const sum = (what: Counted) => this.#refused.values().reduce((all, each) => all + each[what], 0)
    return Object.fromEntries(counted.map((what) => [`tenant_quota_${what}`, sum(what)]))
  }

  /**
   * What a tenant may not announce a service for; undefined: it may. What it announces already it goes on with, whoever comes to it later: its
   * instance would else be taken out of service by others.
   */
  serviceOutside(tenant: string, instance: string, service: string): Outside | undefined {
    if (this.#fleets.serviceOf(tenant, instance) === service) return undefined
    const patterns = servicesOf(tenant, this.#config)
    const may = patterns.join(', ')
    if (!patterns.some((pattern) => fits(pattern, service))) return { what: 'service', said: service, may }
    const begun = this.#services.get(service.toLowerCase())
    const isOthers = (begun !== undefined && begun !== tenant) || this.#fleets.othersServe(tenant, service)
    return isOthers ? { what: 'service', said: service, may: `${may}, where nobody else has it` } : undefined
  }

  /** Records an instance of a service that nobody else announces meanwhile. */
  async alone<T>(tenant: string, service: string, record: () => Promise<T>): Promise<T> {
    const name = service.toLowerCase()
    // Its own ones under way: the last to end takes the name back.
    if (this.#services.has(name)) return await record()
    this.#services.set(name, tenant)
    try {
      return await record()
    } finally {
      this.#services.delete(name)
    }
  }

  /** Throws TENANT_QUOTA where there is no room for one more. */
  needRoom(tenant: string, what: 'nodes' | 'instances'): void {
    const underWay = this.#underWay.get(`${what} ${tenant}`) ?? 0
    if (beyondQuota(this.has(tenant)[what] + underWay, 1, this.may(tenant)[what]) !== undefined)
      throw this.refuse(tenant, what)
  }

  /** Records what makes one more; rejects with TENANT_QUOTA where there is one too many. */
  async within<T>(tenant: string, what: 'nodes' | 'instances', record: () => Promise<T>): Promise<T> {
    const key = `${what} ${tenant}`
    const underWay = this.#underWay.get(key) ?? 0
    this.needRoom(tenant, what)
    this.#underWay.set(key, underWay + 1)
    try {
      return await record()
    } finally {
      const left = (this.#underWay.get(key) ?? 1) - 1
      if (left === 0) this.#underWay.delete(key)
      else this.#underWay.set(key, left)
    }
  }

  /** What is wrong with one more that an agent says; undefined: nothing is. */
  outside(tenant: string, what: 'nodes' | 'instances', more: number): Outside | undefined {
    const may = this.may(tenant)[what]
    const said = beyondQuota(this.has(tenant)[what] + (this.#underWay.get(`${what} ${tenant}`) ?? 0), more, may)
    if (said === undefined) return undefined
    this.#count(tenant, what)
    return { what, said, may }
  }

  /** Whether a metric's name is known of a tenant, or may be one more. */
  takesMetric(tenant: string, name: string): boolean {
    const names = this.#metrics.getOrInsertComputed(tenant, () => new Set())
    if (names.has(name)) return true
    if (beyondQuota(names.size, 1, this.may(tenant).metrics) !== undefined) {
      this.#count(tenant, 'metrics')
      return false
    }
    names.add(name)
    return true
  }

  /** Counts a refusal; what `takesMetric` refuses is counted there. */
  refuse(tenant: string, what: Counted): Failure {
    this.#count(tenant, what)
    return this.refusal(tenant, what)
  }

  refusal(tenant: string, what: Counted): Failure {
    return new Failure('TENANT_QUOTA', `The tenant ${tenant} may have ${this.may(tenant)[what]} ${what} at a time.`)
  }

  #count(tenant: string, what: Counted): void {
    const known = this.#refused.get(tenant)
    if (known) known[what] += 1
    else if (this.#refused.size < mostTenants) this.#refused.set(tenant, { ...nothing, [what]: 1 })
  }
}

const nothing: Readonly<Record<Counted, number>> = { nodes: 0, instances: 0, environments: 0, metrics: 0 }
