import fc from 'fast-check'
import t from 'tap'
import { helloOf } from '#test/support/agents/agent-client.ts'
import { parseMessage } from './parse-message.ts'

for (const { name, text, expected } of [
  {
    name: 'unknown fields are passed over',
    text: '{"type":"beat","colour":"red"}',
    expected: { kind: 'message', message: { type: 'beat' } },
  },
  { name: 'an unknown message is no error', text: '{"type":"song"}', expected: { kind: 'unknown', type: 'song' } },
  { name: 'the name of a built-in is an unknown message', text: '{"type":"__proto__"}', expected: { kind: 'unknown' } },
  { name: 'text that is no JSON is bad', text: '{', expected: { kind: 'bad' } },
  { name: 'an array is bad', text: '[]', expected: { kind: 'bad' } },
  { name: 'null is bad', text: 'null', expected: { kind: 'bad' } },
  {
    name: 'a wrong field is named',
    text: '{"type":"report","sequence":"1"}',
    expected: { kind: 'bad', problem: /report: sequence/ },
  },
]) {
  t.test(name, async (t) => t.match(parseMessage(text), expected))
}

t.test('a hello is read as it was written', async (t) => {
  const hello = helloOf({ node: 'n-aaaaaaaaaaaa', site: '腾讯云' })
  t.strictSame(parseMessage(JSON.stringify(hello)), { kind: 'message', message: hello })
})

t.test('nothing that is sent makes it throw', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.object().map((value) => JSON.stringify({ type: 'report', ...value })),
        ),
        (text) => void parseMessage(text),
      ),
    ),
  )
})

t.test('under too much load beats are passed over first, then metrics, and never a change', async (t) => {
  const beat = JSON.stringify({ type: 'beat', lagMs: 1 })
  const metric = { name: 'host_load', value: 1, unit: 'count' }
  const instance = { id: 'a', health: 'critical', reason: { code: 'refused' }, ageMs: 0 }
  const report = { type: 'report', sequence: 1, instances: [instance], metrics: [metric, metric] }
  for (const { shed, counted, metrics } of [
    { shed: [], counted: { beats: 0, metrics: 0 }, metrics: 2 },
    { shed: ['beats'], counted: { beats: 1, metrics: 0 }, metrics: 2 },
    { shed: ['beats', 'metrics'], counted: { beats: 1, metrics: 2 }, metrics: 0 },
  ] as const) {
    const counts = { beats: 0, metrics: 0 }
    const shedding = {
      sheds: (what: 'beats' | 'metrics') => shed.some((each) => each === what),
      shed: (what: 'beats' | 'metrics', count: number) => {
        counts[what] += count
      },
    }
    t.equal(parseMessage(beat, shedding).kind, shed.length === 0 ? 'message' : 'shed')
    const read = parseMessage(JSON.stringify(report), shedding)
    t.match(read, { kind: 'message', message: { sequence: 1, instances: [instance] } })
    const told = read.kind === 'message' && read.message.type === 'report' ? read.message.metrics : undefined
    t.equal(told?.length ?? 0, metrics)
    t.strictSame(counts, counted)
  }
})
