import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { sinkView, statusView, viewTime } from '#test/support/views.ts'
import { troubles } from './troubles.ts'

const nodes = { total: 3, connected: 3, suspect: 0, lost: 0, none: 0 }
const hold = { site: '上海', machines: ['m1'], since: viewTime, until: viewTime }

for (const { name, over, found } of [
  { name: 'a quiet fleet', over: { sinks: [sinkView()] }, found: [] },
  { name: 'a sink behind', over: { sinks: [sinkView({ state: 'behind' })] }, found: ['consul:zervigo-dc is behind'] },
  {
    name: 'a blocked sink',
    over: { sinks: [sinkView({ state: 'blocked' })] },
    found: ['consul:zervigo-dc is blocked'],
  },
  { name: 'an observing sink behind', over: { sinks: [sinkView({ state: 'behind', mode: 'observe' })] }, found: [] },
  { name: 'a frozen sink', over: { sinks: [sinkView({ state: 'frozen' })] }, found: [] },
  { name: 'a lost node', over: { nodes: { ...nodes, lost: 1 } }, found: ['contact is lost to 1 of 3 nodes'] },
  { name: 'a hold', over: { holds: [hold] }, found: ['routing of site 上海 is held'] },
  {
    name: 'a lost site',
    over: {
      holds: [hold],
      alerts: ['SITE_HELD', 'SITE_LOST'].map((code) => ({
        code,
        severity: 'critical' as const,
        params: { site: '上海', nodes: '2' },
        title: '',
        remedy: '',
      })),
    },
    found: ['routing of site 上海 is held', 'no node of site 上海 is in contact (of 2)'],
  },
  { name: 'a problem', over: { problems: ['disk full'] }, found: ['disk full'] },
  { name: 'a fleet that is loading', over: { complete: false }, found: ['the fleet is not complete yet'] },
  { name: 'sick instances', over: { instances: { ...statusView().instances, total: 2, critical: 2 } }, found: [] },
] satisfies readonly { name: string; over: Partial<StatusView>; found: readonly string[] }[]) {
  t.test(`${name} is ${found.length === 0 ? 'no trouble' : 'trouble'}`, async (t) => {
    t.strictSame(troubles(statusView({ nodes, ...over })), found)
  })
}
