import fc from 'fast-check'
import t from 'tap'
import { anyForeignSpec } from '#test/support/arbitraries/specs.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { foreignId } from '../fleet/belief.ts'
import { foreignChanges, knownOf } from './changes.ts'
import { Verdicts } from './health.ts'

const status = fc.constantFrom('passing', 'warning', 'critical', 'odd')
const check = fc.record({
  node: fc.constantFrom('legacy', '老/节点', 'another'),
  serviceId: fc.constantFrom('', 'crm', 'node'),
  id: fc.constantFrom('a', 'b'),
  status,
})
const reading = fc.record({
  specs: fc.array(anyForeignSpec, { maxLength: 4 }),
  checks: fc.array(check, { maxLength: 4 }),
})

t.test('what was read is believed afterwards, and read again it changes nothing', async (t) => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 5 }), (readings) => {
      const builder = new FleetBuilder()
      for (const { specs, checks } of readings) {
        const read = new Map(
          specs.filter(({ datacenter }) => datacenter === 'looma-dc').map((spec) => [foreignId(spec), spec]),
        )
        const verdicts = new Verdicts()
        for (const each of checks) verdicts.add(each)
        const known = () => knownOf(builder.fleet.foreign, 'looma-dc')
        const changes = [...foreignChanges(known(), read, verdicts)]
        if (changes.length > 0) builder.change(...changes)
        if ([...foreignChanges(known(), read, verdicts)].length > 0) return false
        if ([...known().keys()].sort().join() !== [...read.keys()].sort().join()) return false
      }
      return true
    }),
  )
  t.pass()
})

t.test(
  'a service is as bad as the worst of its checks and of those of its node, in whatever order they come',
  async (t) => {
    const rows = [
      { node: 'n', serviceId: 'crm', id: 'z', status: 'critical' },
      { node: 'N', serviceId: 'CRM', id: 'b', status: 'critical' },
      { node: 'n', serviceId: 'crm', id: 'a', status: 'warning' },
      { node: 'n', serviceId: '', id: 'serfHealth', status: 'warning' },
      { node: 'other', serviceId: 'crm', id: 'a', status: 'passing' },
    ]
    for (const order of [rows, rows.toReversed()]) {
      const verdicts = new Verdicts()
      for (const each of order) verdicts.add(each)
      t.strictSame(verdicts.of({ node: 'n', id: 'crm' }), { health: 'critical', check: 'b' })
      t.strictSame(verdicts.of({ node: 'n', id: 'billing' }), { health: 'warning', check: 'serfHealth' })
      t.strictSame(verdicts.of({ node: 'other', id: 'crm' }), { health: 'passing', check: '' })
    }
  },
)
