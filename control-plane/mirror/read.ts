import type { ListedServiceRow } from '../consul/answers.ts'
import type { Consistency, ConsulClient } from '../consul/client.ts'
import { Actual } from './actual.ts'
import { inLanes } from './lanes.ts'
import { ownerKey } from './names.ts'

/** Services that are read at once. */
export const readLanes = 4

export type Reading = { readonly consistency: Consistency; readonly signal?: AbortSignal | undefined }

/** Everything on the nodes of an owner. Lists come in pieces, so that reading ten thousand records holds up nothing else. */
export async function readOwned(consul: ConsulClient, owner: string, reading: Reading): Promise<Actual> {
  const meta = { key: ownerKey, value: owner }
  const actual = new Actual()
  for await (const nodes of consul.nodes(meta, reading)) for (const node of nodes) actual.addNode(node)
  if (actual.nodes.size === 0) return actual
  await inLanes(await consul.serviceNames(meta, reading), readLanes, async (service) => {
    for await (const rows of consul.instancesWith(service, meta, reading)) {
      for (const { nodeAddress: _, nodeMeta: __, ...row } of rows) actual.addService(row)
    }
  })
  for await (const checks of consul.checks(meta, reading)) for (const check of checks) actual.addCheck(check)
  return actual
}

/** Who else has registered instances of a service. */
export async function readOthers(
  consul: ConsulClient,
  owner: string,
  service: string,
  reading: Reading,
): Promise<readonly ListedServiceRow[]> {
  const others: ListedServiceRow[] = []
  for await (const rows of consul.instancesWithout(service, { key: ownerKey, value: owner }, reading))
    others.push(...rows)
  return others
}
