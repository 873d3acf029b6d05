import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { type ContactSource, contactGauges, type MakeGauge } from './contact-metrics.ts'

const source: ContactSource = {
  contact: () => ({ holds: { begun: 2, time: 1, contact: 0 }, demoted: 4 }),
  deaths: () => ({
    asking: 3,
    answers: { passed: 5, refused: 0, 'no-answer': 0, other: 0, unanswered: 1 },
    deaths: { refused: 1, timeout: 0 },
  }),
}

function read(fleet: FleetBuilder['fleet'], from: ContactSource | undefined): readonly string[] {
  const lines: string[] = []
  const gauge: MakeGauge = (name, _help, _labels, look) =>
    look((labels, value) => lines.push(`${name} ${Object.values(labels).join(' ')} ${value}`))
  contactGauges(gauge, fleet, from)
  return lines
}

t.test('metrics tell of contact by site, of holds by service, and of what vantages found', async (t) => {
  const builder = new FleetBuilder()
  for (const id of ['a', 'b']) builder.node(id)
  builder.instance('crm-a', 'a')
  builder.change({ kind: 'contact-changed', node: 'a', contact: 'lost', session: 'session-a' })
  builder.change({ kind: 'hold-begun', site: 'tencent', machines: ['machine-a'], until: 60_000 })
  builder.change({ kind: 'node-demoted', node: 'a' })
  const lines = read(builder.fleet, source)
  for (const line of [
    'heddle_site_nodes tencent connected 1',
    'heddle_site_nodes tencent lost 1',
    'heddle_site_unconfirmed_nodes tencent 1',
    'heddle_hold_machines tencent 1',
    'heddle_hold_until_seconds tencent 60',
    'heddle_hold_instances tencent crm 1',
    'heddle_holds begun 2',
    'heddle_demotions  4',
    'heddle_deaths refused 1',
    'heddle_vantages_asking  3',
    'heddle_vantage_answers passed 5',
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('a plane that judges nothing tells of the fleet only', async (t) => {
  const lines = read(new FleetBuilder().fleet, undefined)
  t.strictSame(lines, [])
})
