import t from 'tap'
import { check } from './check.ts'
import type { Entry, PlaneAtRest, Shown } from './history.ts'

// Each promise is shown to be able to fail: a history in which all is well, and the same with one thing planted in it.

const yes = (mark = 'm'): Shown => ({ routable: true, mark })
const no = (mark = 'm'): Shown => ({ routable: false, mark })
const began: Entry = {
  at: 0,
  kind: 'began',
  seed: 1,
  planes: ['plane-1', 'plane-2'],
  control: ['plane-1', 'plane-2', 'database', 'consul-z'],
  routed: ['crm'],
  members: [
    { server: 'server-1', agent: 'agent-1', instance: 'crm-1' },
    { server: 'server-2', agent: 'agent-2', instance: 'crm-2' },
  ],
}
const sink = (at: number, shown: Readonly<Record<string, Shown>>, name = 'consul:zervigo-dc'): Entry => {
  return { at, kind: 'sink', sink: name, shown }
}
const fault = (
  index: number,
  from: number,
  to: number,
  given: { hits: string[]; downs?: string[]; fault?: string },
) => {
  const { fault = 'kill', ...harm } = given
  const entries: readonly Entry[] = [
    { at: from, kind: 'fault-began', index, fault, target: harm.hits.join(), ...harm },
    { at: to, kind: 'fault-healed', index },
  ]
  return entries
}
const plane: PlaneAtRest = {
  revision: 9,
  instances: {
    'crm-1': { routable: 'yes', health: 'passing', service: 'crm' },
    'crm-2': { routable: 'no', health: 'critical', service: 'crm' },
    'pay-1': { routable: 'last', health: 'passing', service: 'pay' },
  },
  proven: { 'consul:zervigo-dc': 9, 'envoy:edge': 9 },
}
const rest = (given: Partial<Extract<Entry, { kind: 'rest' }>> = {}): Entry => ({
  at: 900_000,
  kind: 'rest',
  round: 0,
  settled: true,
  tookMs: 4_000,
  planes: { 'plane-1': plane },
  sinks: { 'consul:zervigo-dc': { 'crm-1': yes(), 'crm-2': no(), 'pay-1': yes() }, 'envoy:edge': { 'crm-1': yes() } },
  writes: [],
  ...given,
})
const registration = (at: number, verb: 'register' | 'deregister', outcome: 'acknowledged' | 'doubtful'): Entry => {
  return { at, kind: 'registration', instance: 'pay-1', verb, outcome }
}
const ended = (at: number, unit: string, words: string): Entry => ({ at, kind: 'ended', unit, how: 'code 1', words })
const fence = (at: number, epoch: number, run: string, installation = 'i'): Entry => {
  return { at, kind: 'fence', datacenter: 'zervigo-dc', installation, epoch, run }
}
const lag = (p99Ms: number, machineMs: number): readonly Entry[] =>
  Array.from({ length: 20 }, (_, index) => ({ at: 5_000 * index, kind: 'lag', unit: 'plane-1', p99Ms, machineMs }))
const both = { 'crm-1': yes(), 'crm-2': yes() }

type Case = {
  readonly name: string
  readonly good: readonly Entry[]
  readonly bad: readonly Entry[]
  readonly breaks: RegExp
}

const cases: readonly Case[] = [
  {
    name: 'a foreign record',
    good: [0, 1].map((at) => ({ at, kind: 'foreign', datacenter: 'a', text: 'theirs' })),
    bad: ['theirs', 'ours'].map((text, at) => ({ at, kind: 'foreign', datacenter: 'a', text })),
    breaks: /foreign/,
  },
  {
    name: 'an acknowledged registration that is gone',
    good: [registration(1, 'register', 'acknowledged'), rest()],
    bad: [registration(1, 'register', 'acknowledged'), rest({ planes: { p: { ...plane, instances: {} } }, sinks: {} })],
    breaks: /acknowledged registration survives/,
  },
  {
    name: 'a deregistration that is undone',
    good: [registration(1, 'deregister', 'doubtful'), rest()],
    bad: [registration(1, 'deregister', 'doubtful'), registration(2, 'deregister', 'acknowledged'), rest()],
    breaks: /acknowledged deregistration/,
  },
  {
    name: 'a catalogue write at the restart of a plane',
    good: [sink(1, both), ...fault(0, 40_000, 45_000, { hits: ['plane-1'] })],
    bad: [
      sink(1, both),
      ...fault(0, 40_000, 45_000, { hits: ['plane-1'] }),
      sink(50_000, { ...both, 'crm-1': yes('written anew') }),
    ],
    breaks: /restart of a plane/,
  },
  {
    name: 'a live server whose agent died',
    good: [
      sink(1, both),
      ...fault(0, 50_000, 60_000, { hits: ['server-2'], downs: ['server-2'] }),
      sink(52_000, { 'crm-1': yes() }),
    ],
    bad: [sink(1, both), ...fault(0, 50_000, 60_000, { hits: ['agent-2'] }), sink(52_000, { 'crm-1': yes() })],
    breaks: /live instance is not removed/,
  },
  {
    name: 'a live server long after it was dead',
    good: [],
    bad: [
      sink(1, both),
      ...fault(0, 50_000, 60_000, { hits: ['server-2'], downs: ['server-2'] }),
      sink(95_000, { 'crm-1': yes(), 'crm-2': no() }),
    ],
    breaks: /live instance is not removed/,
  },
  {
    name: 'a dead server that is still given',
    good: [
      sink(1, both),
      ...fault(0, 50_000, 100_000, { hits: ['server-2'], downs: ['server-2'] }),
      sink(52_000, { 'crm-1': yes(), 'crm-2': no() }),
    ],
    bad: [sink(1, both), ...fault(0, 50_000, 100_000, { hits: ['server-2'], downs: ['server-2'] })],
    breaks: /confirmed-dead/,
  },
  {
    name: 'a dead server that comes back before it is back',
    good: [],
    bad: [
      sink(1, both),
      ...fault(0, 50_000, 100_000, { hits: ['server-2'], downs: ['server-2'] }),
      sink(52_000, { 'crm-1': yes() }),
      sink(90_000, both),
    ],
    breaks: /confirmed-dead/,
  },
  {
    name: 'files that a proxy refuses',
    good: [{ at: 1, kind: 'rendered', gateway: 'edge', accepted: true, output: '' }],
    bad: [{ at: 1, kind: 'rendered', gateway: 'edge', accepted: false, output: 'unknown directive' }],
    breaks: /rendered/,
  },
  { name: 'a write at rest', good: [rest()], bad: [rest({ writes: ['a b: 1 became 2'] })], breaks: /nothing to do/ },
  {
    name: 'a sink that lacks one',
    good: [rest()],
    bad: [rest({ sinks: { 'consul:zervigo-dc': { 'crm-1': yes() } } })],
    breaks: /every sink equals the fleet/,
  },
  {
    name: 'a sink that has one too many',
    good: [],
    bad: [rest({ sinks: { 'envoy:edge': both } })],
    breaks: /every sink equals the fleet/,
  },
  {
    name: 'a sink that proves an older revision',
    good: [],
    bad: [rest({ planes: { 'plane-1': { ...plane, proven: { 'envoy:edge': 8 } } } })],
    breaks: /every sink equals the fleet/,
  },
  { name: 'no plane that answers', good: [], bad: [rest({ planes: {} })], breaks: /every sink equals the fleet/ },
  { name: 'a loop that lags', good: lag(45, 10), bad: lag(45, 2), breaks: /event loop/ },
  {
    name: 'planes that differ',
    good: ['a', 'b'].map((hash, at) => ({ at, kind: 'fleet', plane: `plane-${at}`, revision: at, hash })),
    bad: ['a', 'b'].map((hash, at) => ({ at, kind: 'fleet', plane: `plane-${at}`, revision: 5, hash })),
    breaks: /one revision/,
  },
  {
    name: 'a fence that goes back',
    good: [fence(1, 1, 'a'), fence(2, 2, 'b'), fence(3, 2, 'b')],
    bad: [fence(1, 2, 'b'), fence(2, 1, 'a')],
    breaks: /does not lead/,
  },
  { name: 'two writers of one epoch', good: [], bad: [fence(1, 2, 'b'), fence(2, 2, 'a')], breaks: /does not lead/ },
  { name: 'another installation', good: [], bad: [fence(1, 1, 'a'), fence(2, 2, 'a', 'j')], breaks: /does not lead/ },
  {
    name: 'a gap in the journal',
    good: [{ at: 1, kind: 'journal', gaps: [] }],
    bad: [{ at: 1, kind: 'journal', gaps: [7] }],
    breaks: /does not lead/,
  },
  { name: 'no rest', good: [rest()], bad: [rest({ settled: false })], breaks: /comes to rest/ },
  {
    name: 'a crash',
    good: [
      ended(1, 'plane-1', 'LEADERSHIP_LOST: another plane may lead'),
      ended(2, 'consul-z', 'out of memory'),
      ...fault(0, 10, 20, { fault: 'low-memory', hits: ['agent-1'] }),
      ended(15, 'agent-1', 'Aborted'),
    ],
    bad: [ended(1, 'agent-1', 'TypeError: x is not a function')],
    breaks: /ends by itself/,
  },
]

for (const { name, good, bad, breaks } of cases) {
  await t.test(`${name} is noticed, and only that`, async (t) => {
    const history = (entries: readonly Entry[]) => [began, ...entries].toSorted((a, b) => a.at - b.at)
    t.strictSame(check(history(good)), [])
    const broken = check(history(bad))
    t.ok(broken.length > 0)
    for (const { invariant } of broken) t.match(invariant, breaks)
  })
}

await t.test('what a plane could not know meanwhile gives more time', async (t) => {
  const dead = fault(0, 50_000, 100_000, { hits: ['server-2'], downs: ['server-2'] })
  const cutOff = fault(1, 60_000, 90_000, { hits: ['database'] })
  t.strictSame(check([began, sink(1, both), ...dead, ...cutOff]), [])
})
