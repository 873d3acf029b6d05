import type { ConsulServer } from '#test/support/consul.ts'

type Indexed = { readonly ModifyIndex: number }
type NodeRow = Indexed & { readonly Node: string; readonly Meta: Readonly<Record<string, string>> | null }

/** The indices of all that is ours in a Consul's catalogue: two equal texts mean that nothing was written in between. */
export async function catalogueIndices(consul: ConsulServer): Promise<string> {
  const nodes = await consul.request<readonly NodeRow[]>('GET', '/v1/catalog/nodes')
  const ours = nodes.filter(({ Meta }) => Meta?.['heddle-owner'] !== undefined)
  const services = await consul.request<readonly Indexed[]>('GET', '/v1/health/state/any')
  const highest = services.reduce((most, { ModifyIndex }) => Math.max(most, ModifyIndex), 0)
  const highestNode = ours.reduce((most, { ModifyIndex }) => Math.max(most, ModifyIndex), 0)
  return JSON.stringify({ nodes: ours.length, checks: services.length, highest, highestNode })
}
