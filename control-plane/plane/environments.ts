import { draftOf, type Trail } from '../audit/trail.ts'
import { Environments } from '../environments/environments.ts'
import { serversFor } from '../environments/servers.ts'
import { ZerviUsers } from '../environments/zervi-users.ts'
import type { EnvironmentStore } from '../fleet/environments.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Zervi } from '../zervi/client.ts'
import type { Run } from './run.ts'
import type { Tenants } from './tenants.ts'

export type EnvironmentsOfParts = {
  readonly store: EnvironmentStore
  readonly fleet: Fleet
  readonly tenants: Tenants
  readonly trail: Trail
  /** Undefined: it is not known where Zervi is. */
  readonly zervi: Zervi | undefined
}

/** A step asks Zervi twice at most, and the store twice. */
const stepsAsk = 4
const leastLeaseMs = 5_000

/** The environments of users, over what this plane knows. */
export function environmentsOf({ config, log }: Run, parts: EnvironmentsOfParts): Environments {
  const { store, fleet, tenants, trail, zervi } = parts
  const { server_type: type, capacity, lifetime, kept_for, users_path, tries } = config.environments
  const own = { caller: 'plane', from: '', operation: 'environments' }
  return new Environments({
    store,
    users: zervi && new ZerviUsers(zervi, users_path),
    servers: (tenant) => serversFor(tenant === '' ? undefined : tenant, fleet, { type, capacity }),
    quota: (tenant) => tenants.quotas.may(tenant).environments,
    onQuota: (tenant) => tenants.quotas.refuse(tenant, 'environments'),
    draft: (done) => trail.draft(done) ?? draftOf({ ...own, path: done.subject }, done, Date.now()),
    tries,
    leaseMs: Math.max(leastLeaseMs, stepsAsk * (config.zervi?.timeout ?? 0)),
    lifetimeMs: lifetime,
    keptMs: kept_for,
    log,
  })
}
