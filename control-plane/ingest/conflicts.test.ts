import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { nodeId, specOf } from '#test/support/agents/agent-client.ts'
import type { Change } from '../fleet/event.ts'
import { Fleet } from '../fleet/fleet.ts'
import { type Conflict, Places, placeOf } from './conflicts.ts'

function fleetOf(...changes: readonly Change[]): Fleet {
  const fleet = new Fleet()
  fleet.apply(
    changes.map((change, index) => ({ revision: index + 1, event: { version: 1, at: 0, by: 'test', change } })),
  )
  return fleet
}

function conflictsOf({ instances, nodes }: Fleet): readonly Conflict[] {
  const places = new Places()
  for (const [id, instance] of instances) places.put(id, placeOf(instance, nodes.get(instance.node)))
  return places.some(100)
}
const at = (instance: string, address: string, port: number, node = nodeId(1)): Change => ({
  kind: 'registered',
  instance,
  spec: specOf({ id: instance, address, port }),
  node,
  origin: 'agent',
})
const critical: Change = { kind: 'judged', instance: 'b', health: 'critical', reason: reason('refused') }

for (const { name, fleet, expected } of [
  {
    name: 'two ports of one address are none',
    fleet: fleetOf(at('a', '10.0.0.1', 1), at('b', '10.0.0.1', 2)),
    expected: [],
  },
  {
    name: 'three instances in one place are one',
    fleet: fleetOf(at('c', '10.0.0.1', 1), at('a', '10.0.0.1', 1), at('b', '10.0.0.1', 1)),
    expected: [{ address: '10.0.0.1', port: 1, instances: ['a', 'b', 'c'] }],
  },
  {
    name: 'one that is down is none',
    fleet: fleetOf(at('a', '10.0.0.1', 1), at('b', '10.0.0.1', 1), critical),
    expected: [],
  },
  {
    name: 'loopback of two nodes is none',
    fleet: fleetOf(at('a', '127.0.0.1', 1), at('b', '127.0.0.1', 1, nodeId(2))),
    expected: [],
  },
  {
    name: 'loopback of one node is one',
    fleet: fleetOf(at('a', '127.0.0.1', 1), at('b', '127.0.0.1', 1)),
    expected: [{ address: '127.0.0.1', port: 1, instances: ['a', 'b'] }],
  },
]) {
  t.test(`conflicts: ${name}`, async (t) => t.strictSame(conflictsOf(fleet), expected))
}

t.test(
  'a conflict is over when all but one have gone elsewhere, and the number of conflicts is that of places',
  async (t) => {
    const places = new Places()
    for (const id of ['a', 'b', 'c']) places.put(id, ' 10.0.0.1 1')
    for (const id of ['d', 'e']) places.put(id, ' 10.0.0.1 2')
    t.equal(places.conflicts, 2)
    places.put('a', ' 10.0.0.1 9')
    t.strictSame(places.some(1), [{ address: '10.0.0.1', port: 1, instances: ['b'] }])
    places.put('b', undefined)
    places.put('d', undefined)
    t.equal(places.conflicts, 0)
    places.put('c', undefined)
    places.put('b', ' 10.0.0.1 1')
    t.strictSame(places.some(9), [])
    places.put('c', ' 10.0.0.1 1')
    t.strictSame(places.some(9), [{ address: '10.0.0.1', port: 1, instances: ['b', 'c'] }])
  },
)
