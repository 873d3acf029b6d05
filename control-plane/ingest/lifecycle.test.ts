import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { nodeId, specOf } from '#test/support/agents/agent-client.ts'
import type { Change } from '../fleet/event.ts'
import { Fleet } from '../fleet/fleet.ts'
import { expired, reapable } from './lifecycle.ts'

const hour = 3_600_000
const day = 24 * hour

/** A fleet in which each change happened at the time given with it. */
function fleetOf(...changes: readonly (readonly [at: number, change: Change])[]): Fleet {
  const fleet = new Fleet()
  fleet.apply(
    changes.map(([at, change], index) => ({ revision: index + 1, event: { version: 1, at, by: 'test', change } })),
  )
  return fleet
}

const registered = (instance: string, origin: 'agent' | 'client' = 'agent'): Change => ({
  kind: 'registered',
  instance,
  spec: specOf({ id: instance }),
  node: nodeId(1),
  origin,
})
const drained = (instance: string, expiresAt: number | undefined): Change => ({
  kind: 'admitted',
  instance,
  admission: 'draining',
  reason: '',
  expiresAt,
})
const died = (instance: string): Change => ({
  kind: 'death-confirmed',
  instance,
  death: { how: 'refused', vantages: ['plane'] },
})
const node = {
  id: nodeId(1),
  name: '',
  machine: 'm',
  incarnation: 1,
  address: '',
  site: '',
  cluster: '',
  version: '',
  gateways: [],
}
const joined: Change = { kind: 'node-joined', node }
const attached: Change = { kind: 'node-attached', node: node.id, attachment: { replica: 'p', session: 's' } }
const lost: Change = { kind: 'contact-changed', node: node.id, contact: 'lost', session: 's' }

t.test('a drain whose time is over is ended, and no other', async (t) => {
  const fleet = fleetOf(
    [0, registered('a')],
    [0, registered('b')],
    [0, registered('c')],
    [0, drained('a', 100)],
    [0, drained('b', 101)],
    [0, drained('c', undefined)],
  )
  t.strictSame(expired(fleet, 99), [])
  t.strictSame(expired(fleet, 100), [
    {
      change: { kind: 'admitted', instance: 'a', admission: 'active', reason: 'expired', expiresAt: undefined },
      seen: 4,
    },
  ])
})

t.test('an order for a node ends at its time, and keeps the node from being forgotten till then', async (t) => {
  const order = {
    kind: 'node-admitted',
    node: node.id,
    admission: 'maintenance',
    reason: '',
    expiresAt: 3 * day,
  } as const
  const fleet = fleetOf([0, joined], [0, attached], [0, lost], [0, order])
  t.strictSame(expired(fleet, 3 * day - 1), [])
  const limits = { deadForMs: day, silentForMs: 7 * day }
  t.strictSame(
    reapable(fleet, 2 * day, limits, () => undefined),
    [],
  )
  const ending = { ...order, admission: 'active', reason: 'expired', expiresAt: null } as const
  const proposals = expired(fleet, 3 * day)
  t.strictSame(proposals, [{ change: ending, seen: 4 }])
  for (const proposal of proposals) {
    fleet.apply([{ revision: 5, event: { version: 1, at: 3 * day, by: 'plane:1', ...proposal } }])
  }
  t.strictSame(expired(fleet, 4 * day), [])
  t.equal(reapable(fleet, 4 * day, limits, () => undefined).length, 1)
})

t.test('ending what has expired leaves nothing to end', async (t) => {
  const fleet = fleetOf([0, registered('a')], [0, drained('a', 100)])
  const [proposal] = expired(fleet, 100)
  t.ok(proposal)
  if (proposal) fleet.apply([{ revision: 3, event: { version: 1, at: 100, by: 'plane:1', ...proposal } }])
  t.equal(fleet.instances.get('a')?.admission.state, 'active')
  t.strictSame(expired(fleet, 200), [])
})

const limits = { deadForMs: day, silentForMs: 7 * day }

for (const { name, fleet, at, heardAt, expected } of [
  {
    name: 'a confirmed death is reaped after a day',
    fleet: fleetOf([0, registered('a')], [5, died('a')]),
    at: day + 5,
    heardAt: undefined,
    expected: ['a'],
  },
  {
    name: 'but not before',
    fleet: fleetOf([0, registered('a')], [5, died('a')]),
    at: day + 4,
    heardAt: undefined,
    expected: [],
  },
  {
    name: 'an instance that was critical for long is not',
    fleet: fleetOf(
      [0, registered('a')],
      [0, { kind: 'judged', instance: 'a', health: 'critical', reason: reason('refused') }],
    ),
    at: 9 * day,
    heardAt: undefined,
    expected: [],
  },
  {
    name: 'the silence of an agent is no cause',
    fleet: fleetOf([0, joined], [0, attached], [0, registered('a')], [0, lost]),
    at: 99 * day,
    heardAt: undefined,
    expected: [],
  },
  {
    name: 'a client that was silent for long is',
    fleet: fleetOf([0, registered('a', 'client')], [0, { kind: 'fell-silent', instance: 'a' }]),
    at: 7 * day,
    heardAt: 0,
    expected: ['a'],
  },
  {
    name: 'a client of which nobody knows when it was heard is not',
    fleet: fleetOf([0, registered('a', 'client')], [0, { kind: 'fell-silent', instance: 'a' }]),
    at: 99 * day,
    heardAt: undefined,
    expected: [],
  },
  {
    name: 'a lost node that has nothing left leaves',
    fleet: fleetOf([0, joined], [0, attached], [0, lost]),
    at: day,
    heardAt: undefined,
    expected: [node.id],
  },
  {
    name: 'a node in contact stays without instances',
    fleet: fleetOf([0, joined], [0, attached]),
    at: 99 * day,
    heardAt: undefined,
    expected: [],
  },
] as const) {
  t.test(name, async (t) => {
    const proposals = reapable(fleet, at, limits, () => heardAt)
    t.strictSame(
      proposals.map(({ change }) =>
        'instance' in change ? change.instance : 'node' in change ? change.node : change.kind,
      ),
      expected,
    )
    t.ok(proposals.every(({ seen }) => seen > 0))
  })
}
