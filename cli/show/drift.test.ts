import t from 'tap'
import type { DriftView } from '#shared/protocol/drift.ts'
import { showDrift } from './drift.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
type Sink = DriftView['sinks'][number]
const sink = (more: Partial<Sink>): Sink => ({
  ...{ name: 'consul:dc1', kind: 'consul', mode: 'apply', state: 'equal', more: 0, at: '2026-01-01T00:00:00.000Z' },
  differences: [],
  remarks: [],
  ...more,
})

t.test('each sink is told with what differs, and how it is set right', async (t) => {
  const differences = [{ kind: 'added' as const, what: 'web-1', at: 'n' }]
  const sinks = [
    sink({}),
    sink({ name: 'nginx:edge', mode: 'observe', state: 'drifted', differences, more: 7, remarks: ['b is late'] }),
  ]
  t.equal(
    showDrift({ revision: 4, sinks }, style),
    `consul:dc1: equal
nginx:edge: drifted (only observed: reported, not repaired)
  + web-1 on n (added)
  and 7 more
  b is late

1 sink of 2 differs; heddle drift --repair has them set right.`,
  )
})

t.test('that nothing differs is said only as far as it could be seen', async (t) => {
  t.match(showDrift({ revision: 4, sinks: [sink({})] }, style), /Revision 4: nothing differs\.$/)
  t.match(
    showDrift({ revision: 4, sinks: [sink({ state: 'unknown' })] }, style),
    /nothing differs, as far as it could be seen\.$/,
  )
  t.equal(showDrift({ revision: 4, sinks: [] }, style), 'No sink follows the fleet.')
})
