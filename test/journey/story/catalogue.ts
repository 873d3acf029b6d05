import * as z from 'zod/mini'
import type { ConsulServer } from '#test/support/consul.ts'

const Nodes = z.array(z.object({ Node: z.string(), Meta: z.nullish(z.record(z.string(), z.string())) }))

/** Registers a node with a service and a check that are not ours. */
export async function registerForeign(consul: ConsulServer): Promise<void> {
  await consul.request('PUT', '/v1/catalog/register', {
    Node: 'legacy-db',
    Address: '127.0.0.1',
    NodeMeta: { 'external-node': 'true' },
    Service: { Service: 'legacy-db', ID: 'legacy-db-1', Port: 3306, Tags: ['legacy'] },
    Check: { Name: 'legacy', CheckID: 'legacy-1', ServiceID: 'legacy-db-1', Status: 'passing' },
  })
}

/** Everything foreign in the catalogue, indices included, as one text. */
export async function foreignRecords(consul: ConsulServer): Promise<string> {
  const health = await consul.request<unknown>('GET', '/v1/health/node/legacy-db')
  const node = await consul.request<unknown>('GET', '/v1/catalog/node/legacy-db')
  return JSON.stringify([health, node])
}

/** Deregisters every node of ours by hand, as somebody with a script would; resolves with how many. */
export async function wipeOurs(consul: ConsulServer): Promise<number> {
  const nodes = z.parse(Nodes, await consul.request('GET', '/v1/catalog/nodes'))
  const ours = nodes.filter(({ Meta }) => Meta?.['heddle-owner'] !== undefined)
  for (const { Node } of ours) await consul.request('PUT', '/v1/catalog/deregister', { Node })
  return ours.length
}
