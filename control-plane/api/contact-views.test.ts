import t from 'tap'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { heldOf } from '../fleet/held.ts'
import { SiteTally } from '../fleet/site-tally.ts'
import { alertsOf, holdView } from './contact-views.ts'

/** Three nodes of one site and one of another; each has a crm, the first a billing, too. */
function scene() {
  const builder = new FleetBuilder()
  for (const id of ['a', 'b', 'c']) builder.node(id)
  builder.node('d', { site: 'alibaba' })
  for (const id of ['a', 'b', 'c', 'd']) builder.instance(`crm-${id}`, id)
  builder.change(...instanceRegistered('billing-a', 'a', { service: 'billing' }), judged('billing-a', 'passing'))
  const lose = (id: string, contact: 'suspect' | 'lost', goodbye = false) =>
    builder.change({
      kind: 'contact-changed',
      node: id,
      contact,
      session: `session-${id}`,
      ...(goodbye ? { goodbye } : {}),
    })
  const alerts = () => {
    using sites = new SiteTally(builder.fleet)
    return alertsOf(builder.fleet, heldOf(builder.fleet), sites)
  }
  const hold = (...ids: readonly string[]) =>
    builder.change({ kind: 'hold-begun', site: 'tencent', machines: ids.map((id) => `machine-${id}`), until: 600_000 })
  return { builder, lose, alerts, hold }
}

t.test('where all is in contact nobody is told of anything', async (t) => {
  const { builder, alerts } = scene()
  t.strictSame(alerts(), [])
  t.strictSame(heldOf(builder.fleet), [])
})

t.test('a hold says which services it keeps in place, and how much of each', async (t) => {
  const { builder, hold, alerts } = scene()
  hold('a', 'b')
  builder.judge('crm-b', 'critical', 'refused')
  const [held] = heldOf(builder.fleet)
  t.ok(held)
  if (!held) return
  t.match(holdView(held), {
    machines: ['machine-a', 'machine-b'],
    lost: 2,
    instances: 2,
    services: [
      { service: 'billing', held: 1, of: 1 },
      { service: 'crm', held: 1, of: 4 },
    ],
  })
  const [alert] = alerts()
  t.match(alert, {
    code: 'SITE_HELD',
    severity: 'warning',
    params: { site: 'tencent', machines: '2', instances: '2', until: '1970-01-01T00:10:00.000Z' },
    remedy: /network/,
  })
})

t.test('of a large hold a hundred machines are named, and all are counted', async (t) => {
  const { builder, hold } = scene()
  hold(...Array.from({ length: 5_000 }, (_, at) => `x${at}`))
  const [held] = heldOf(builder.fleet)
  const view = held && holdView(held)
  t.equal(view?.machines.length, 100)
  t.equal(view?.lost, 5_000)
})

t.test('a site is lost when none of its nodes is in contact, unless all were stopped', async (t) => {
  const { lose, alerts } = scene()
  lose('a', 'lost')
  lose('b', 'suspect')
  t.strictSame(alerts(), [])
  lose('c', 'lost', true)
  t.match(alerts(), [{ code: 'SITE_LOST', severity: 'critical', params: { site: 'tencent', nodes: '3' } }])
  const stopped = scene()
  for (const id of ['a', 'b', 'c']) stopped.lose(id, 'lost', true)
  t.strictSame(stopped.alerts(), [])
})

t.test('what fell to the lowest priority is told until it is heard again', async (t) => {
  const { builder, lose, alerts } = scene()
  lose('a', 'lost')
  builder.change({ kind: 'node-demoted', node: 'a' })
  t.match(alerts(), [{ code: 'NODES_UNCONFIRMED', params: { site: 'tencent', nodes: '1', instances: '2' } }])
  builder.change({ kind: 'node-attached', node: 'a', attachment: { replica: 'r', session: 's' } })
  t.strictSame(alerts(), [])
})
