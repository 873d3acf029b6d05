import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { anyInstanceSpec } from '#test/support/arbitraries/specs.ts'
import { nodeIds } from '#test/support/arbitraries/words.ts'
import { admissionOf } from './admission.ts'
import type { Admitted } from './belief.ts'
import type { Change } from './event.ts'
import { Fleet } from './fleet.ts'

const order = <S extends Admitted['state']>(state: S) =>
  ({ state, reason: '', by: 'a', since: 0, expiresAt: undefined }) as const

for (const { own, node, state, of } of [
  { own: 'active', node: undefined, state: 'active', of: 'instance' },
  { own: 'draining', node: undefined, state: 'draining', of: 'instance' },
  { own: 'active', node: 'maintenance', state: 'maintenance', of: 'node' },
  { own: 'quarantined', node: 'draining', state: 'quarantined', of: 'instance' },
] as const) {
  t.test(`an instance that is ${own} itself on a node that is ${node ?? 'active'} is ${state}`, async (t) => {
    const on = node === undefined ? {} : { admission: order(node) }
    t.match(admissionOf({ admission: order(own) }, on), { state, of })
  })
}

/** What a fleet does next, on top of what any journal left. */
function goOn(fleet: Fleet, changes: readonly Change[]): void {
  for (const change of changes) {
    fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: 7, by: 'operator:anna', change } }])
  }
}

t.test('whatever comes to a node in maintenance is so too, whatever happened before, until that ends', async (t) => {
  const [node] = nodeIds
  const ordered: Change = { kind: 'node-admitted', node, admission: 'maintenance', reason: 'disk', expiresAt: null }
  fc.assert(
    fc.property(anyJournal(), anyInstanceSpec('late-00000001'), (entries, spec) => {
      const fleet = new Fleet()
      fleet.apply(entries)
      if (!fleet.nodes.has(node)) return true
      goOn(fleet, [
        ordered,
        { kind: 'registered', instance: spec.id, spec, node, origin: 'agent' },
        { kind: 'judged', instance: spec.id, health: 'passing', reason: { code: 'ok' } },
      ])
      const during = fleet.standing(spec.id)
      const restored = new Fleet()
      restored.restore(fleet.state())
      const after = restored.standing(spec.id)
      goOn(fleet, [{ ...ordered, admission: 'active' }])
      const ended = fleet.standing(spec.id)
      const held = isDeepStrictEqual(during?.reason, { code: 'maintenance', params: { node } })
      return held && isDeepStrictEqual(after, during) && ended?.routable !== 'no'
    }),
    { numRuns: 200 },
  )
  t.pass()
})

t.test('an order for a node that is given or ended tells of all that is on it, once', async (t) => {
  const [node] = nodeIds
  const fleet = new Fleet()
  const spec = { id: 'a', service: 's', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [] }
  const place = { id: node, name: '', machine: 'm', incarnation: 1, address: '', site: '', cluster: '', version: '' }
  goOn(fleet, [
    { kind: 'node-joined', node: { ...place, gateways: [] } },
    { kind: 'registered', instance: 'a', spec, node, origin: 'agent' },
    { kind: 'judged', instance: 'a', health: 'passing', reason: { code: 'ok' } },
  ])
  const told: unknown[] = []
  fleet.watch(({ instances, nodes, removal }) => {
    // Of a revision at which nothing changed too; it names nothing.
    if (nodes.size > 0 || instances.size > 0) told.push([[...nodes], [...instances], removal])
  })
  const ordered: Change = { kind: 'node-admitted', node, admission: 'draining', reason: '', expiresAt: 9 }
  goOn(fleet, [
    ordered,
    ordered,
    { kind: 'node-joined', node: { ...place, gateways: [], incarnation: 2 } },
    { ...ordered, admission: 'active' },
    { ...ordered, admission: 'active' },
  ])
  t.strictSame(told, [
    [[node], ['a'], true],
    // Its agent was started anew, which says nothing of what is on it.
    [[node], [], false],
    [[node], ['a'], false],
  ])
  t.equal(fleet.nodes.get(node)?.admission, undefined)
})
