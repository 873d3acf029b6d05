import type { NodeSpec } from '../../fleet/belief.ts'
import type { ClientParts } from './parts.ts'

/** A node that nobody knows is one without an agent. Many that come at once from one node join it once. */
export function joinUnknownNode(
  id: string,
  cluster: string,
  address: string,
  by: string,
  { fleet, record, joining }: Pick<ClientParts, 'fleet' | 'record' | 'joining'>,
): Promise<unknown> | undefined {
  if (fleet.nodes.has(id)) return undefined
  return joining.getOrInsertComputed(id, () =>
    record({ kind: 'node-joined', node: agentlessNode(id, { cluster, address }) }, { by, seen: 0 }).finally(() =>
      joining.delete(id),
    ),
  )
}

/** What is known of a node without an agent. */
export function agentlessNode(
  id: string,
  known: Pick<NodeSpec, 'cluster' | 'address'> & Partial<Pick<NodeSpec, 'name' | 'site' | 'registered'>>,
): NodeSpec {
  return { id, name: id, machine: '', incarnation: 0, site: '', version: '', gateways: [], ...known }
}
