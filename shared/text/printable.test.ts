import fc from 'fast-check'
import t from 'tap'
import { printable, printableJson, shown } from './printable.ts'

const steers = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;title\u0007',
        '\u009b31m',
        '\u202e',
        '\u2066',
        '\u061c',
        '\r',
        '\u0085',
        '\u2028',
        '\u001b[32m',
        '\ud800',
      ),
    ),
  )
  .map((parts) => parts.join(''))

for (const { name, text, seen } of [
  { name: 'clears the screen', text: 'a\u001b[2Jb', seen: 'a\ufffd[2Jb' },
  { name: 'does so by C1', text: 'a\u009b2Jb', seen: 'a\ufffd2Jb' },
  { name: 'sets the title', text: '\u001b]0;x\u0007', seen: '\ufffd]0;x\ufffd' },
  { name: 'writes over the line', text: 'ok\rfailed', seen: 'ok\ufffdfailed' },
  { name: 'turns the direction', text: 'a\u202eb\u2066c\u061cd\u200fe', seen: 'a\ufffdb\ufffdc\ufffdd\ufffde' },
  { name: 'ends a line otherwise', text: 'a\u2028b\u0085c\nd', seen: 'a\ufffdb\ufffdc d' },
  { name: 'is half a character', text: 'a\ud800b', seen: 'a\ufffdb' },
  { name: 'is just letters', text: '节点一 Zürich – ok 👍👩‍🚀', seen: '节点一 Zürich – ok 👍👩‍🚀' },
]) {
  t.test(`a name that ${name} is shown as it reads`, async (t) => {
    t.equal(printable(text), seen)
    t.strictSame(printable({ [text]: [text] }), { [seen]: [seen] })
  })
}

t.test('nothing that steers a terminal is left, wherever it was', async (t) => {
  fc.assert(
    fc.property(fc.dictionary(hostile, fc.array(hostile)), (value) => {
      const view = printable(value)
      const texts = [...Object.keys(view), ...Object.values(view).flat()]
      return !texts.some((text) => steers.test(text))
    }),
  )
  t.end()
})

t.test('JSON is the same value, and steers nothing', async (t) => {
  const value = fc.jsonValue({ stringUnit: 'binary' })
  fc.assert(
    fc.property(fc.oneof(value, fc.record({ name: hostile })), fc.constantFrom(undefined, 2), (value, space) => {
      const text = printableJson(value, space)
      return !steers.test(text.replaceAll('\n', '')) && JSON.stringify(JSON.parse(text)) === JSON.stringify(value)
    }),
  )
  t.equal(printableJson({ a: 'b\u202e' }), '{"a":"b\\u202e"}')
  t.end()
})

t.test('of a text of ours lines stay, and colours where there may be some', async (t) => {
  t.equal(shown('\u001b[32mok\u001b[39m\n\u001b[2Jx\r', true), '\u001b[32mok\u001b[39m\n\ufffd[2Jx\ufffd')
  t.equal(shown('\u001b[32mok\n\tx', false), '\ufffd[32mok\n\tx')
  fc.assert(fc.property(hostile, (text) => !steers.test(shown(text, false).replace(/[\n\t]/g, ''))))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
  fc.assert(fc.property(hostile, (text) => !steers.test(shown(text, true).replace(/\u001b\[\d{1,2}m|[\n\t]/g, ''))))
  t.end()
})
