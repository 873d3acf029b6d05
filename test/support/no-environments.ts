import * as z from 'zod/mini'
import type { ApiParts } from '#control-plane/api/v1.ts'
import { Environments } from '#control-plane/environments/environments.ts'
import type { EnvironmentStore } from '#control-plane/fleet/environments.ts'
import { TenantsConfig } from '#control-plane/tenants/config.ts'
import { Quotas } from '#control-plane/tenants/quotas.ts'
import type { WholeFleet } from '#control-plane/tenants/tenant-fleet.ts'
import { TenantFleets } from '#control-plane/tenants/tenant-fleets.ts'
import { quiet } from './agents/agents-plane.ts'
import { noAccess } from './no-access.ts'

const empty: EnvironmentStore = {
  environmentsTaken: async () => [],
  addEnvironment: async () => ({ kind: 'overtaken' }),
  changeEnvironment: async () => undefined,
  environment: async () => undefined,
  environments: async () => [],
  dueEnvironments: async () => [],
  environmentsHeld: async () => new Map(),
  dropEnvironments: async () => 0,
}

/** Of an API that keeps no environments; whose everything is follows a real fleet. */
export function noEnvironments(fleet: WholeFleet): Pick<ApiParts, 'environments' | 'tenants'> {
  const { callerOf } = noAccess
  const fleets = new TenantFleets(fleet)
  const quotas = new Quotas(z.parse(TenantsConfig, {}), fleets)
  const environments = new Environments({
    store: empty,
    users: undefined,
    servers: () => [],
    quota: () => 0,
    onQuota: (tenant) => quotas.refuse(tenant, 'environments'),
    draft: ({ subject, why }) => ({ at: 0, caller: '', from: '', operation: '', subject, before: '', after: '', why }),
    ...{ tries: 1, leaseMs: 1_000, lifetimeMs: undefined, keptMs: 1_000, log: quiet },
  })
  return { environments: { environments, callerOf, fleet }, tenants: { fleets, quotas, environments, callerOf } }
}
