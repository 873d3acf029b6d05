import t from 'tap'
import type { Change } from '../fleet/event.ts'
import { Fleet } from '../fleet/fleet.ts'
import { expiredOrders } from './expired-orders.ts'

const node = {
  id: 'n-aaaaaaaaaaaa',
  name: '',
  machine: 'm1',
  incarnation: 1,
  address: '',
  site: 's',
  cluster: '',
  version: '',
  gateways: [],
}
const joined: Change = { kind: 'node-joined', node }
const level: Change = { kind: 'log-level-ordered', node: node.id, level: 'debug', reason: '', expiresAt: 1_000 }
const restart: Change = { kind: 'restart-ordered', node: node.id, id: 'r-1', name: 'crm', reason: '', expiresAt: 1_000 }
const attached: Change = { kind: 'node-attached', node: node.id, attachment: { replica: 'r', session: 's1' } }
const lost: Change = { kind: 'contact-changed', node: node.id, contact: 'lost', session: 's1' }

function fleetOf(...changes: readonly Change[]): Fleet {
  const fleet = new Fleet()
  const event = (change: Change) => ({ version: 1, at: 1, by: 'operator:anna', change }) as const
  fleet.apply(changes.map((change, index) => ({ revision: index + 1, event: event(change) })))
  return fleet
}

for (const { what, changes, now, is } of [
  { what: 'nothing before its time', changes: [joined, level, restart], now: 999, is: [] },
  { what: 'a log level at its time', changes: [joined, level], now: 1_000, is: ['log-level-ordered'] },
  {
    what: 'a restart whose agent is away',
    changes: [joined, attached, restart, lost],
    now: 16_000,
    is: ['restart-ended'],
  },
  { what: 'no restart whose agent may answer yet', changes: [joined, restart], now: 600_000, is: [] },
  { what: 'a restart whose agent does not answer', changes: [joined, restart], now: 700_000, is: ['restart-ended'] },
  { what: 'one at a time of a node', changes: [joined, level, restart], now: 700_000, is: ['log-level-ordered'] },
]) {
  t.test(`${what} expires`, async (t) => {
    const fleet = fleetOf(...changes)
    const proposals = expiredOrders(fleet, now)
    t.strictSame(
      proposals.map(({ change }) => change.kind),
      is,
    )
    for (const { seen } of proposals) t.equal(seen, fleet.orders.get(node.id)?.revision)
  })
}
