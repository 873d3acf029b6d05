import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import type { Change } from './event.ts'
import { Fleet } from './fleet.ts'

const node = 'n-aaaaaaaaaaaa'
const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [] }
const about = { name: 'n', machine: 'm', address: '10.0.0.1', site: 's', cluster: '', version: '1', gateways: [] }
const joined: Change = { kind: 'node-joined', node: { id: node, incarnation: 2, ...about } }
const attached = (replica: string, session: string, incarnation = 2): Change => ({
  kind: 'node-attached',
  node,
  attachment: { replica, session },
  agent: { machine: 'm', incarnation },
})
const said = (health: 'passing' | 'critical', session: string): Change => ({
  kind: 'judged',
  instance: spec.id,
  health,
  reason: reason('ok'),
  session,
})

function fleetOf(...changes: readonly Change[]) {
  const fleet = new Fleet()
  const take = (change: Change) =>
    fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: 0, by: `agent:${node}`, change } }])[0]
  for (const change of changes) take(change)
  return { fleet, take }
}

const registered: Change = { kind: 'registered', instance: spec.id, spec, node, origin: 'agent', session: 's1' }

t.test('what was said in an old session changes nothing once there is another', async (t) => {
  const { fleet, take } = fleetOf(joined, attached('a', 's1'), registered, said('passing', 's1'), attached('b', 's2'))
  t.equal(take(said('critical', 's1')), 'overtaken')
  t.equal(take({ kind: 'deregistered', instance: spec.id, cause: 'withdrawn', session: 's1' }), 'overtaken')
  t.equal(take({ ...registered, spec: { ...spec, port: 2 } }), 'overtaken')
  t.match(fleet.instances.get(spec.id), { health: 'passing', spec: { port: 1 } })
  t.equal(take(said('critical', 's2')), 'changed')
  t.equal(take({ kind: 'contact-changed', node, contact: 'suspect', session: 's1' }), 'unchanged')
  t.equal(fleet.nodes.get(node)?.contact, 'connected')
})

t.test('an older start of an agent does not take the place of a newer one', async (t) => {
  const { fleet, take } = fleetOf(joined, attached('a', 's1'))
  t.equal(take(attached('b', 's0', 1)), 'unchanged')
  t.match(fleet.nodes.get(node)?.attachment, { session: 's1' })
})

t.test('however two sessions come to be mixed in the journal, the words of the last attachment stand', async (t) => {
  const words = (session: string) =>
    fc.array(fc.constantFrom('passing', 'critical').map((health) => said(health, session)))
  fc.assert(
    fc.property(words('s1'), words('s2'), fc.array(fc.boolean(), { maxLength: 30 }), (first, second, order) => {
      const left = [...first]
      const right: Change[] = [attached('b', 's2'), ...second]
      const { fleet, take } = fleetOf(joined, attached('a', 's1'), registered, said('passing', 's1'))
      let expected = 'passing'
      let moved = false
      const next = (from: Change[]) => {
        const change = from.shift()
        if (!change) return
        take(change)
        if (change.kind === 'node-attached') moved = true
        if (change.kind === 'judged' && change.session === (moved ? 's2' : 's1')) expected = change.health
      }
      for (const turn of order) next(turn ? left : right)
      while (left.length + right.length > 0) next(right.length > 0 ? right : left)
      return fleet.instances.get(spec.id)?.health === expected
    }),
  )
  t.pass('the last')
})
