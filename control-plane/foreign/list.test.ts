import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import type { KindedServiceRow } from '../consul/answers.ts'
import { ForeignPolicy } from '../consul/foreign-policy.ts'
import { foreignId } from '../fleet/belief.ts'
import { ForeignList, Wanted } from './list.ts'
import { foreignSpec } from './record.ts'

const row: KindedServiceRow = {
  node: 'legacy',
  nodeAddress: '10.9.0.1',
  nodeMeta: {},
  id: 'crm-1',
  service: 'crm',
  address: '10.9.0.1',
  port: 80,
  tags: ['go'],
  meta: {},
  weight: 1,
  index: 7,
  kind: '',
}

for (const { name, over = {}, policy = {}, wanted } of [
  { name: 'registered by somebody', wanted: true },
  { name: 'that Consul registers itself', over: { service: 'consul' }, wanted: false },
  { name: 'of a mesh proxy', over: { kind: 'connect-proxy' }, wanted: false },
  { name: 'named like a sidecar', over: { service: 'crm-sidecar-proxy' }, wanted: false },
  { name: 'of ours', over: { meta: { 'heddle-owner': 'heddle' } }, wanted: false },
  { name: 'of another Heddle', over: { meta: { 'heddle-owner': 'other' } }, wanted: false },
  { name: 'on a node of ours', over: { nodeMeta: { 'heddle-owner': 'heddle' } }, wanted: false },
  { name: 'that is a copy', over: { meta: { 'heddle-origin': 'foreign' } }, wanted: false },
  { name: 'with a selected name', policy: { select: [{ service: 'c*' }] }, wanted: true },
  { name: 'with another name', policy: { select: [{ service: 'billing' }] }, wanted: false },
  { name: 'with a selected tag', policy: { select: [{ tag: 'go' }] }, wanted: true },
  { name: 'without a selected tag', policy: { select: [{ tag: 'python' }] }, wanted: false },
  { name: 'that is left out', policy: { leave_out: ['crm'] }, wanted: false },
] satisfies readonly {
  name: string
  over?: Partial<KindedServiceRow>
  policy?: z.input<typeof ForeignPolicy>
  wanted: boolean
}[]) {
  t.test(`a record ${name} is ${wanted ? '' : 'not '}listed`, async (t) => {
    t.equal(new Wanted(z.parse(ForeignPolicy, policy)).row({ ...row, ...over }), wanted)
  })
}

for (const { address, nodeAddress, reached } of [
  { address: '10.1.1.1', nodeAddress: '10.9.0.1', reached: '10.1.1.1' },
  { address: '', nodeAddress: '10.9.0.1', reached: '10.9.0.1' },
  { address: '127.0.0.1', nodeAddress: '10.9.0.1', reached: '10.9.0.1' },
  { address: '0.0.0.0', nodeAddress: '10.9.0.1', reached: '10.9.0.1' },
  { address: 'localhost', nodeAddress: '127.0.0.1', reached: '127.0.0.1' },
  { address: '127.0.0.1', nodeAddress: '', reached: '127.0.0.1' },
]) {
  t.test(`what is registered at "${address}" on a node at "${nodeAddress}" is reached at ${reached}`, async (t) => {
    t.equal(foreignSpec('dc', { ...row, address, nodeAddress }).address, reached)
  })
}

t.test('a list keeps what it may, what is known first, and counts the rest', async (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({ max: 30 })),
      fc.nat({ max: 10 }),
      fc.nat({ max: 30 }),
      (ids, most, knownUpTo) => {
        const idOf = (id: number) => foreignId({ datacenter: 'dc', node: 'legacy', id: String(id) })
        const known = new Set(
          ids
            .filter((id) => id < knownUpTo)
            .slice(0, most + 1)
            .map(idOf),
        )
        const list = new ForeignList('dc', most + 1, (id) => known.has(id))
        for (const id of ids) list.add({ ...row, id: String(id) })
        const { specs, beyond } = list
        if (specs.size !== Math.min(ids.length, most + 1) || beyond !== ids.length - specs.size) return false
        return [...known].every((id) => specs.has(id))
      },
    ),
  )
  t.pass()
})

t.test('different records have different ids, whatever is in their names', async (t) => {
  const part = fc.string({ unit: fc.constantFrom('a', '/', '%', '2', 'F', '节') })
  const place = fc.record({ datacenter: part, node: part, id: part })
  fc.assert(
    fc.property(place, place, (a, b) => {
      return (foreignId(a) === foreignId(b)) === (a.datacenter === b.datacenter && a.node === b.node && a.id === b.id)
    }),
  )
  t.pass()
})
