import fc from 'fast-check'
import { type ForeignSpec, foreignId, type NodeSpec } from '#control-plane/fleet/belief.ts'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { type Reason, reasonCodes } from '#shared/protocol/reason.ts'
import { address, port, services, shaped, sites, someNode, text } from './words.ts'

export const anyReason: fc.Arbitrary<Reason> = shaped(
  // One is of a version to come.
  {
    code: fc.constantFrom(...reasonCodes, 'gpu_2_lost'),
    params: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  },
  ['code'],
)

const check: fc.Arbitrary<InstanceSpec['checks'][number]> = fc.oneof(
  shaped({ kind: fc.constant('tcp' as const), address, port, timeoutMs: fc.constantFrom(500, 2000) }),
  shaped(
    {
      kind: fc.constant('http' as const),
      address,
      port,
      timeoutMs: fc.constantFrom(500, 2000),
      path: text.map((rest) => `/${rest}`),
      service: fc.constantFrom(...services),
      host: text,
      tls: fc.boolean(),
      aliases: fc.array(text, { maxLength: 2 }),
    },
    ['kind', 'address', 'port', 'timeoutMs', 'path', 'service'],
  ),
)

export function anyInstanceSpec(id: string): fc.Arbitrary<InstanceSpec> {
  return shaped(
    {
      id: fc.constant(id),
      service: fc.constantFrom(...services),
      type: fc.constantFrom('basic-server', 'ai-service'),
      name: text,
      address,
      port,
      cluster: fc.constantFrom('zervigo', 'looma'),
      version: text,
      tags: fc.array(text, { maxLength: 3 }),
      metadata: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
      weight: fc.integer({ min: 0, max: 1000 }),
      checks: fc.array(check, { maxLength: 2 }),
    },
    ['id', 'service', 'address', 'port', 'tags', 'metadata', 'checks'],
  )
}

export const anyNodeSpec: fc.Arbitrary<NodeSpec> = shaped({
  id: someNode,
  name: text,
  machine: fc.constantFrom('', 'm1', 'm1', 'm2'),
  incarnation: fc.integer({ min: 1, max: 3 }),
  address: fc.constantFrom('', '10.0.0.1'),
  site: fc.constantFrom(...sites),
  cluster: fc.constantFrom('', 'zervigo'),
  version: text,
  gateways: fc.array(shaped({ gateway: text, proxy: fc.constant('nginx' as const) }), { maxLength: 1 }),
})

/** Few records of others, in two datacenters. */
export const anyForeignSpec: fc.Arbitrary<ForeignSpec> = shaped({
  datacenter: fc.constantFrom('zervigo-dc', 'looma-dc'),
  node: fc.constantFrom('legacy', '老/节点'),
  id: fc.constantFrom('crm', 'node', '%2F'),
  service: fc.constantFrom(...services),
  address,
  nodeAddress: address,
  port,
  tags: fc.array(text, { maxLength: 2 }),
  metadata: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  weight: fc.integer({ min: 0, max: 10 }),
})
export const foreignHealth = fc.constantFrom('passing', 'warning', 'critical')
export const someForeign = anyForeignSpec.map(foreignId)

/** What may be held for agents, as JSON gives it. */
export const someDocument = fc.constantFrom<Record<string, unknown>>(
  {},
  { logging: { level: 'debug' } },
  { logging: { level: null }, services: { crm: { checks: { interval: '7s' } } } },
  { services: { '*': { checks: { rise: 3 } }, crm: null }, later: [1, { a: null }] },
)
