import fc from 'fast-check'
import t from 'tap'
import { helloOf } from '#test/support/agent-client.ts'
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
