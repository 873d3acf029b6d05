import type { RecordChange } from '../fleet/record.ts'
import { type ClusterApiOptions, clusterApi } from '../ingest/cluster-api/cluster-api.ts'
import { recordAs } from '../tenants/record-as.ts'
import type { WholeFleet } from '../tenants/tenant-fleet.ts'
import type { Tenants } from './tenants.ts'

/** The registry API for callers that are bound to a tenant: over what is its own, in its name, within its quotas. */
export function tenantClients(
  tenant: string,
  whole: ClusterApiOptions & { readonly fleet: WholeFleet; readonly record: RecordChange },
  { fleets, quotas }: Tenants,
): ReturnType<typeof clusterApi> {
  const fleet = fleets.of(tenant)
  return clusterApi({
    ...whole,
    fleet,
    isPart: true,
    record: recordAs(tenant, whole.fleet, whole.record, quotas),
    // Who leads and what datacenters there are concerns the installation.
    about: () => ({ datacenters: [], leader: null }),
    hooks: {
      ...whole.hooks,
      onMetrics(samples) {
        for (const { name } of samples) if (!quotas.takesMetric(tenant, name)) throw quotas.refusal(tenant, 'metrics')
        whole.hooks.onMetrics(samples)
      },
    },
    readMetrics: async (query) => (fleet.instances.has(query.service) ? await whole.readMetrics(query) : []),
    agentHeardAt: (node) => (fleet.nodes.has(node) ? whole.agentHeardAt(node) : undefined),
  })
}
