import { Failure } from '#shared/failure/failure.ts'
import type { Change } from '../fleet/event.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { ownerOf, tenantOfInstance, tenantOfNode } from '../fleet/owner.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Quotas } from './quotas.ts'

export type Verdict =
  | { readonly kind: 'refused'; readonly why: string }
  /** @param more what there is one more of by this */
  | { readonly kind: 'taken'; readonly change: Change; readonly more: 'nodes' | 'instances' | undefined }

/** What becomes of a change that a caller makes who is bound to a tenant: whatever is not its own it does not touch. */
export function judgeChange(tenant: string, change: Change, fleet: Pick<FleetView, 'nodes' | 'instances'>): Verdict {
  switch (change.kind) {
    case 'registered': {
      const known = fleet.instances.get(change.instance)
      const on = fleet.nodes.get(change.node)
      if (known && tenantOfInstance(known, fleet.nodes.get(known.node)) !== tenant)
        return { kind: 'refused', why: `${change.instance} is taken` }
      // A node that is nobody's may have what is somebody's on it.
      const owner = tenantOfNode(on)
      if (owner !== undefined && owner !== tenant) return { kind: 'refused', why: `the node ${change.node} is taken` }
      return { kind: 'taken', change: { ...change, tenant }, more: known ? undefined : 'instances' }
    }
    case 'node-joined': {
      const known = fleet.nodes.get(change.node.id)
      if (known && tenantOfNode(known) !== tenant)
        return { kind: 'refused', why: `the node ${change.node.id} is taken` }
      return {
        kind: 'taken',
        change: { ...change, node: { ...change.node, tenant } },
        more: known ? undefined : 'nodes',
      }
    }
    default:
      return ownerOf(change, fleet) === tenant
        ? { kind: 'taken', change, more: undefined }
        : { kind: 'refused', why: 'it is not among what this caller may change' }
  }
}

/** Records in the name of a tenant. Rejects with TENANT_FOREIGN where something is not its own, with TENANT_QUOTA where it is too much. */
export function recordAs(
  tenant: string,
  fleet: Pick<FleetView, 'nodes' | 'instances'>,
  record: RecordChange,
  quotas: Quotas,
): RecordChange {
  return async (change, options) => {
    // A client names the node that it is on; one that is nobody's is left as it is.
    const isNamedOnly = change.kind === 'node-joined' && change.node.registered === undefined && options.seen === 0
    if (isNamedOnly && fleet.nodes.has(change.node.id)) return 'overtaken'
    const verdict = judgeChange(tenant, change, fleet)
    if (verdict.kind === 'refused')
      throw new Failure('TENANT_FOREIGN', `Refused for the tenant ${tenant}: ${verdict.why}.`)
    const recorded = () => record(verdict.change, options)
    const counted = () => (verdict.more === undefined ? recorded() : quotas.within(tenant, verdict.more, recorded))
    if (change.kind !== 'registered') return await counted()
    const { service } = change.spec
    if (quotas.serviceOutside(tenant, change.instance, service)) {
      throw new Failure('TENANT_FOREIGN', `The service ${service} is not one that the tenant ${tenant} may announce.`)
    }
    // The node that it names comes with it.
    if (!fleet.nodes.has(change.node)) quotas.needRoom(tenant, 'nodes')
    return await quotas.alone(tenant, service, counted)
  }
}
