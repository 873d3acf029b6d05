import t from 'tap'
import type { ReplicaView } from '#shared/protocol/status-api.ts'
import { statusView } from '#test/support/views.ts'
import { replicaTable } from './replicas.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const leader = { run: 'aaaaaaaa-1', holder: 'one', epoch: 3 }
const replica = (more: Partial<ReplicaView> = {}): ReplicaView => ({
  ...{ run: 'aaaaaaaa-1', holder: 'one', api: 'http://10.0.0.1:8888', machine: 'm1', site: 'tencent', version: '1' },
  ...{ state: 'serving', leads: false, self: false, revision: 812, sessions: 40, seen_ms_ago: 120, started_ms_ago: 1 },
  ...more,
})

t.test('a plane that is alone needs no table', async (t) => {
  t.equal(replicaTable(statusView(), style), '')
  t.equal(replicaTable(statusView({ replicas: [replica({ leads: true, self: true })], leader }), style), '')
})

t.test('planes are told with who leads, who answers, and how far each is', async (t) => {
  const replicas = [
    replica({ leads: true }),
    replica({ run: 'bbbbbbbb-2', holder: 'two', api: 'http://10.0.0.2:8888', self: true, seen_ms_ago: 0 }),
    replica({ run: 'cccccccc-3', holder: 'three', state: 'gone', seen_ms_ago: 61_000 }),
  ]
  t.equal(
    replicaTable(statusView({ replicas, leader }), style),
    `PLANE          API                   SITE     STATE    REVISION  AGENTS    SEEN  RUN
one            http://10.0.0.1:8888  tencent  leads         812      40   0.1 s  aaaaaaaa
two (answers)  http://10.0.0.2:8888  tencent  follows       812      40   0.0 s  bbbbbbbb
three          http://10.0.0.1:8888  tencent  gone          812      40  61.0 s  cccccccc`,
  )
})

for (const { state, leads, text } of [
  { state: 'leaving', leads: false, text: 'leaving' },
  { state: 'leaving', leads: true, text: 'leaving, leads' },
  { state: 'gone', leads: true, text: 'gone, led last' },
] as const) {
  t.test(`one that is ${text} is told so`, async (t) => {
    const replicas = [replica({ state, leads }), replica({ run: 'b' })]
    t.match(replicaTable(statusView({ replicas, leader }), style), new RegExp(`tencent {2}${text} `))
  })
}

t.test('that nobody leads is told', async (t) => {
  t.match(
    replicaTable(statusView({ replicas: [replica(), replica({ run: 'b' })], leader: null }), style),
    /Nobody leads now/,
  )
})
