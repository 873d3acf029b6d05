import { type Request, Router } from 'express'
import type { ChangeView } from '#shared/protocol/change-api.ts'
import { TenantRequest, type TenantView } from '#shared/protocol/environment-api.ts'
import type { Caller } from '../access/caller.ts'
import type { Environments } from '../environments/environments.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { nodeVersion } from '../fleet/versions.ts'
import type { Quotas } from '../tenants/quotas.ts'
import type { TenantFleets } from '../tenants/tenant-fleets.ts'
import { Refusal, readBody } from './problem.ts'
import { changedMeanwhile, isConditional } from './version.ts'
import { nodeView } from './views.ts'

export type TenantsApiParts = {
  readonly fleets: TenantFleets
  readonly quotas: Quotas
  readonly environments: Pick<Environments, 'held'>
  readonly callerOf: (request: Request) => Caller
}

/** Whose everything is. */
export function tenantsRouter(
  { fleets, quotas, environments, callerOf }: TenantsApiParts,
  { fleet, record }: { readonly fleet: FleetView; readonly record: RecordChange },
): Router {
  const router = Router()

  router.get('/tenants', async (request, response) => {
    const { tenant } = callerOf(request)
    const held = await environments.held()
    const named = [...new Set([...fleets.names(), ...held.keys()])].filter((name) => name !== '').sort()
    response.json((tenant === undefined ? named : [tenant]).map((name) => viewOf(name, quotas, held)))
  })

  router.put('/nodes/:id/tenant', async (request, response) => {
    const { id } = request.params
    const { tenant, reason, by } = readBody(TenantRequest, request.body)
    const known = () => fleet.nodes.get(id) ?? missing(id)
    const { spec, assigned } = known()
    if (spec.tenant !== undefined) {
      throw new Refusal(409, `Whose ${id} is, its certificate or registration says: ${spec.tenant}.`, {
        remedy: 'Let it in anew with a token of another tenant; docs/tenants.md says how.',
      })
    }
    const present = () => nodeView(known(), fleet)
    const strict = isConditional(request, nodeVersion(id, fleet), present)
    const change = { kind: 'node-assigned', node: id, tenant, reason } as const
    const options = { by: `operator:${by}`, ...(strict ? { seen: known().revision } : {}) }
    const recorded = () => record(change, options)
    const isMore = tenant !== null && tenant !== assigned
    const outcome = isMore ? await quotas.within(tenant, 'nodes', recorded) : await recorded()
    if (strict && outcome === 'overtaken') throw changedMeanwhile(present())
    response.json({ changed: outcome === 'changed', revision: fleet.revision } satisfies ChangeView)
  })

  return router
}

function viewOf(tenant: string, quotas: Quotas, held: ReadonlyMap<string, number>): TenantView {
  return {
    tenant,
    has: { ...quotas.has(tenant), environments: held.get(tenant) ?? 0 },
    may: { ...quotas.may(tenant) },
    refused: { ...quotas.refused(tenant) },
  }
}

function missing(id: string): never {
  throw new Refusal(404, `There is no node ${id}.`)
}
