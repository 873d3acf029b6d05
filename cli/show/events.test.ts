import t from 'tap'
import { eventView } from '#test/support/views.ts'
import { showEvent, showEvents, whatChanged } from './events.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const until = Date.parse('2026-03-01T12:00:00Z')

t.test('an event is one line', async (t) => {
  t.equal(
    showEvent(eventView(), style),
    '812  2026-03-01T10:00:00Z  judged  crm-00000001  critical: refused  (agent:n-aaaaaaaaaaaa)',
  )
  t.equal(
    showEvents(
      [eventView({ kind: 'thawed', subject: '', change: { kind: 'thawed', reason: '' }, by: 'operator:安娜' })],
      style,
    ),
    '812  2026-03-01T10:00:00Z  thawed  (operator:安娜)',
  )
  t.equal(showEvents([], style), 'Nothing has happened.')
})

for (const { change, text } of [
  {
    change: { kind: 'node-joined', node: { name: '北京一号', address: '10.0.0.1', incarnation: 3 } },
    text: '北京一号 at 10.0.0.1, start 3',
  },
  {
    change: { kind: 'node-joined', node: { name: '', address: '', incarnation: 0 } },
    text: 'without a name at no address',
  },
  { change: { kind: 'node-attached', attachment: { replica: 'r1', session: 's1' } }, text: 'to r1' },
  { change: { kind: 'contact-changed', contact: 'suspect' }, text: 'suspect' },
  { change: { kind: 'node-demoted' }, text: '' },
  { change: { kind: 'node-left' }, text: '' },
  {
    change: {
      kind: 'history-told',
      changes: [
        { instance: 'crm-1', health: 'critical', reason: { code: 'refused' }, at: until },
        { instance: 'crm-1', health: 'passing', reason: { code: 'ok' }, at: 'soon' },
      ],
      lostChanges: 3,
      lostSamples: 40,
    },
    text: 'told later: crm-1 critical: refused at 2026-03-01T12:00:00Z; crm-1 passing: ok at an unknown time; 3 more changes and 40 measurements had no room',
  },
  {
    change: { kind: 'registered', spec: { service: 'crm', address: '10.0.0.1', port: 8080 }, node: 'n-a' },
    text: 'crm at 10.0.0.1:8080 on n-a',
  },
  {
    change: {
      kind: 'judged',
      health: 'warning',
      reason: { code: 'dependency', params: { path: 'a.b', word: 'DOWN' } },
    },
    text: 'warning: dependency path=a.b word=DOWN',
  },
  {
    change: { kind: 'judged', health: 'warning', reason: { code: 'not_known_here' } },
    text: 'warning: not_known_here',
  },
  {
    change: { kind: 'death-confirmed', death: { how: 'refused', vantages: ['plane', 'n-b'] } },
    text: 'refused at plane and n-b',
  },
  { change: { kind: 'fell-silent' }, text: '' },
  {
    change: { kind: 'admitted', admission: 'draining', reason: '新版本', expiresAt: until },
    text: 'draining until 2026-03-01T12:00:00Z: 新版本',
  },
  { change: { kind: 'admitted', admission: 'active', reason: '' }, text: 'active' },
  { change: { kind: 'deregistered', cause: 'reaped' }, text: 'reaped' },
  {
    change: {
      kind: 'foreign-found',
      spec: { service: 'crm', address: '10.9.0.1', port: 80, node: 'legacy' },
      health: 'critical',
      check: 'service:crm',
    },
    text: 'crm at 10.9.0.1:80 on legacy, critical: service:crm',
  },
  { change: { kind: 'foreign-judged', health: 'passing', check: '' }, text: 'passing' },
  { change: { kind: 'foreign-gone' }, text: '' },
  { change: { kind: 'frozen', reason: 'network work' }, text: 'network work' },
  {
    change: { kind: 'hold-begun', site: '上海', machines: ['m1', 'm2'], until },
    text: '上海: m1 and m2 until 2026-03-01T12:00:00Z',
  },
  { change: { kind: 'hold-begun', site: '上海', machines: ['m1'], of: 6 }, text: '上海: m1, of 6' },
  { change: { kind: 'hold-ended', site: '上海' }, text: '上海' },
  { change: { kind: 'hold-ended', site: '上海', why: 'time' }, text: '上海: its time was over' },
  { change: { kind: 'hold-ended', site: '上海', why: 'contact' }, text: '上海: its machines are back' },
  {
    change: { kind: 'restored', from: 7, backupAt: Date.parse('2026-03-01T09:00:00Z') },
    text: 'from a backup as of revision 7, made 2026-03-01T09:00:00.000Z',
  },
  { change: { kind: 'of-a-later-version', x: 1 }, text: '{"kind":"of-a-later-version","x":1}' },
  { change: { kind: 'registered', spec: null }, text: ' at : on ' },
]) {
  t.test(`${change.kind} reads "${text}"`, async (t) => {
    t.equal(whatChanged({ kind: change.kind, change }), text)
  })
}
