import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import type { Change } from '../fleet/event.ts'
import { instanceEntry, nodeCheck, nodeRecord } from './entry.ts'

const admission = { admission: 'draining', reason: 'disk', expiresAt: undefined } as const

for (const { name, changes, warningAs, status, output, ifThere } of [
  { name: 'that passes', changes: [], status: 'passing', output: 'ok', ifThere: false },
  {
    name: 'with a warning',
    changes: [
      { kind: 'judged', instance: 'crm-1', health: 'warning', reason: { code: 'unknown_word', params: { word: 'x' } } },
    ],
    status: 'passing',
    output: 'unknown_word word=x',
    ifThere: false,
  },
  {
    name: 'with a warning, where warnings are shown',
    changes: [{ kind: 'judged', instance: 'crm-1', health: 'warning', reason: { code: 'unknown_word' } }],
    warningAs: 'warning',
    status: 'warning',
    output: 'unknown_word',
    ifThere: false,
  },
  {
    name: 'that is critical',
    changes: [
      {
        kind: 'judged',
        instance: 'crm-1',
        health: 'critical',
        reason: { code: 'http_status', params: { status: '503' } },
      },
    ],
    status: 'critical',
    output: 'http_status status=503',
    ifThere: false,
  },
  {
    name: 'that is drained, however healthy',
    changes: [{ kind: 'admitted', instance: 'crm-1', ...admission }],
    status: 'critical',
    output: 'draining',
    ifThere: false,
  },
  {
    name: 'on a node that is in maintenance, however healthy',
    changes: [{ kind: 'node-admitted', node: 'n-a', admission: 'maintenance', reason: 'disk', expiresAt: null }],
    status: 'critical',
    output: 'maintenance node=n-a',
    ifThere: false,
  },
  {
    name: 'that is critical for a reason that only newer agents know',
    changes: [
      { kind: 'judged', instance: 'crm-1', health: 'critical', reason: { code: 'gpu_2_lost', params: { card: '1' } } },
    ],
    status: 'critical',
    output: 'gpu_2_lost card=1',
    ifThere: false,
  },
  {
    name: 'whose contact is lost, until more is known',
    changes: [{ kind: 'contact-changed', node: 'n-a', contact: 'lost', session: 'session-n-a' }],
    status: 'passing',
    output: 'ok',
    ifThere: false,
  },
  {
    name: 'whose contact is lost and whose hold is over',
    changes: [
      { kind: 'contact-changed', node: 'n-a', contact: 'lost', session: 'session-n-a' },
      { kind: 'node-demoted', node: 'n-a' },
    ],
    status: 'passing',
    output: 'contact_lost',
    ifThere: false,
  },
] satisfies readonly {
  name: string
  changes: readonly Change[]
  warningAs?: 'warning'
  status: string
  output: string
  ifThere: boolean
}[]) {
  await t.test(`an instance ${name} is ${status}: ${output}`, async (t) => {
    const builder = new FleetBuilder()
    builder.node('n-a')
    builder.instance('crm-1', 'n-a')
    builder.change(...changes)
    const entry = entryOf(builder, warningAs)
    t.match(entry.check, { id: 'heddle:crm-1', serviceId: 'crm-1', status, output, notes: 'heddle-owner=heddle' })
    t.equal(entry.ifThere, ifThere)
  })
}

function entryOf({ fleet }: FleetBuilder, warningAs: 'passing' | 'warning' = 'passing') {
  const belief = fleet.instances.get('crm-1')
  const standing = fleet.standing('crm-1')
  if (!belief || !standing) throw new Error('the instance is there')
  return instanceEntry({ owner: 'heddle', warningAs }, belief, standing, fleet.nodes.get('n-a'))
}

for (const { weight, shown } of [
  { weight: undefined, shown: 1 },
  { weight: 100, shown: 1 },
  { weight: 0, shown: 1 },
  { weight: 1, shown: 1 },
  { weight: 300, shown: 3 },
  { weight: 1000, shown: 10 },
]) {
  await t.test(`a weight of ${weight} is ${shown} in Consul`, async (t) => {
    const builder = new FleetBuilder()
    builder.node('n-a')
    builder.instance('crm-1', 'n-a', weight === undefined ? {} : { weight })
    t.equal(entryOf(builder).service.weight, shown)
  })
}

await t.test('a node that nobody described stands under its id, at the address of its instance', async (t) => {
  t.strictSame(nodeRecord('heddle', 'cloud', undefined, '10.0.0.1'), {
    name: 'heddle-heddle-cloud',
    address: '10.0.0.1',
    meta: { 'heddle-owner': 'heddle', 'heddle-origin': 'client', 'heddle-node': 'cloud' },
  })
  t.match(nodeCheck('heddle', 'x', true), { status: 'critical', output: 'death_confirmed', serviceId: '' })
})
