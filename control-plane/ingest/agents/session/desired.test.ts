import t from 'tap'
import type { Change } from '../../../fleet/event.ts'
import { Fleet } from '../../../fleet/fleet.ts'
import { heldFor, loggingOf, nodeOrderOf, restartsOf } from './desired.ts'

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

function fleetOf(...changes: readonly Change[]): Fleet {
  const fleet = new Fleet()
  const event = (change: Change) => ({ version: 1, at: 1, by: 'operator:anna', change }) as const
  fleet.apply(changes.map((change, index) => ({ revision: index + 1, event: event(change) })))
  return fleet
}

const joined: Change = { kind: 'node-joined', node }
const ordered = (id: string): Change => {
  return { kind: 'restart-ordered', node: node.id, id, name: 'crm', reason: 'why', expiresAt: 1_000 }
}
const ended = (id: string, state: 'done' | 'expired'): Change => {
  return { kind: 'restart-ended', node: node.id, id, outcome: { state, output: '', tookMs: 0 } }
}

t.test('what is wanted holds for what is left of its time', async (t) => {
  const level: Change = { kind: 'log-level-ordered', node: node.id, level: 'debug', reason: 'why', expiresAt: 1_000 }
  const fleet = fleetOf(joined, level)
  const until = '1970-01-01T00:00:01.000Z'
  const wanted = { level: 'debug', by: 'operator:anna', reason: 'why', until }
  t.strictSame(loggingOf(node.id, fleet, 400), { ...wanted, leftMs: 600 })
  t.strictSame(loggingOf(node.id, fleet, 4_000), { ...wanted, leftMs: 0 })
  t.strictSame(loggingOf('other', fleet, 0), { level: null, by: '', reason: '' })
})

t.test('a node is active, or as it was ordered for what is left of its time', async (t) => {
  const order: Change = {
    kind: 'node-admitted',
    node: node.id,
    admission: 'draining',
    reason: 'disk',
    expiresAt: 1_000,
  }
  t.strictSame(nodeOrderOf(node.id, fleetOf(joined), 0), { admission: 'active', by: '', reason: '' })
  t.match(nodeOrderOf(node.id, fleetOf(joined, order), 400), {
    ...{ admission: 'draining', by: 'operator:anna', reason: 'disk', leftMs: 600 },
  })
  t.match(nodeOrderOf(node.id, fleetOf(joined, { ...order, expiresAt: null }), 0), { admission: 'draining' })
})

t.test(
  'restarts are wanted until their agent has said what became of them, also when their time is over',
  async (t) => {
    const fleet = fleetOf(joined, ordered('a'), ordered('b'), ordered('c'), ended('b', 'done'), ended('c', 'expired'))
    t.match(restartsOf(node.id, fleet, 5_000), { a: { name: 'crm', leftMs: 0 }, c: { name: 'crm', leftMs: 0 } })
    t.notOk('b' in restartsOf(node.id, fleet, 5_000))
  },
)

t.test('settings are those of the scopes of the node', async (t) => {
  const written: Change = { kind: 'settings-written', scope: 'site:s', document: { a: 1 }, comment: '', restores: null }
  t.strictSame(heldFor(node.id, fleetOf(joined, written)), { version: 'site:s@1', document: { a: 1 } })
  t.strictSame(heldFor('unknown', fleetOf(joined, written)), { version: '', document: {} })
})
