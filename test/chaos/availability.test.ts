import t from 'tap'
import { availability } from './availability.ts'
import type { Entry } from './history.ts'

const began: Entry = {
  at: 0,
  kind: 'began',
  seed: 1,
  planes: [],
  control: [],
  routed: [],
  members: [{ server: 'server-1', agent: 'agent-1', instance: 'crm-1' }],
}
const second = (at: number, asked: 'api' | 'envoy', failed: number): Entry => {
  return { at, kind: 'second', asked, calls: 10, failed }
}

await t.test('availability is told by call and by second', async (t) => {
  const { excused: _, ...told } = availability([began, second(0, 'api', 0), second(1000, 'api', 5)], 'api')
  t.strictSame(told, { calls: 20, failed: 5, perCall: 0.75, seconds: 2, badSeconds: 1, perSecond: 0.5 })
})

await t.test(
  'seconds in which a server or the proxy itself was hit are told apart, those of an agent are not',
  async (t) => {
    const during = (unit: string): readonly Entry[] => [
      began,
      second(0, 'envoy', 0),
      { at: 20_000, kind: 'fault-began', index: 0, fault: 'kill', target: unit, hits: [unit] },
      second(21_000, 'envoy', 5),
      { at: 22_000, kind: 'fault-healed', index: 0 },
      second(40_000, 'envoy', 0),
    ]
    for (const unit of ['server-1', 'envoy']) {
      t.strictSame(availability(during(unit), 'envoy').excused, { perCall: 1, perSecond: 1, seconds: 1 })
    }
    t.equal(availability(during('agent-1'), 'envoy').excused.seconds, 0)
  },
)

await t.test('where nothing was asked there is no figure', async (t) => {
  t.strictSame(availability([began], 'api').perCall, null)
})
