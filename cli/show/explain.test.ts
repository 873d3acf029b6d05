import t from 'tap'
import { viewTime } from '#test/support/views.ts'
import { foundText, showExplain } from './explain.ts'
import { plain } from './style.ts'

t.test('the answer comes first, then what it rests on', async (t) => {
  const view = {
    instance: 'crm-2',
    known: true,
    routable: 'no' as const,
    answer: 'crm-2 is not routed: refused.',
    stages: [
      { stage: 'registered', state: 'yes' as const, text: 'crm at 10.0.0.1:8080 on 北京一号', since: viewTime },
      { stage: 'health', state: 'no' as const, text: 'critical: refused', since: viewTime },
      { stage: 'sink:envoy:edge', state: 'note' as const, text: 'unknown: not asked yet' },
    ],
  }
  t.equal(
    showExplain(view, { paint: plain, now: Date.parse(viewTime) + 4_000 }),
    `crm-2 is not routed: refused.

STAGE            FINE  SINCE  WHAT
registered       yes      4s  crm at 10.0.0.1:8080 on 北京一号
health           no       4s  critical: refused
sink:envoy:edge  note      -  unknown: not asked yet`,
  )
})

for (const { state, says } of [
  {
    state: 'asking',
    says: / is crm on port 80 of web: .*waits for a decision: heddle adopt found-80-a, or heddle ignore found-80-a\.$/,
  },
  { state: 'ignored', says: /left alone\. To have it looked after: heddle adopt found-80-a\.$/ },
  { state: 'adopted', says: /: heddle explain crm-a says how it is\.$/ },
] as const) {
  t.test(`of something found that is ${state} it says what to do`, async (t) => {
    const found = {
      id: 'found-80-a',
      port: 80,
      node: 'n-1',
      node_name: 'web',
      state,
      service: 'crm',
      instance: 'crm-a',
    }
    t.match(foundText(found), says)
  })
}
