import fc from 'fast-check'
import t from 'tap'
import { readDirectives } from './directives.ts'

const said = (text: string) => readDirectives(text).map(({ name, args }) => [name, ...args.map((arg) => arg.value)])

for (const { name, text, expected } of [
  { name: 'a simple directive', text: 'pid a.pid;', expected: [['pid', 'a.pid']] },
  { name: 'a block', text: 'http { include x; }', expected: [['http'], ['include', 'x']] },
  { name: 'a comment with signs in it', text: '# a; {\npid b;', expected: [['pid', 'b']] },
  {
    name: 'quotes around signs',
    text: `return 503 "a;b{}" 'it''s';`,
    expected: [['return', '503', 'a;b{}', 'it', 's']],
  },
  { name: 'an escaped quote', text: 'set $a "say \\"x\\"";', expected: [['set', '$a', 'say "x"']] },
  { name: 'a braced variable', text: 'set $a $\u007bb}c;', expected: [['set', '$a', '$\u007bb}c']] },
  { name: 'a quoted name', text: '"include" x;', expected: [['include', 'x']] },
  { name: 'a hash inside a word', text: 'set $a b#c;', expected: [['set', '$a', 'b#c']] },
  { name: 'a word without an end', text: 'include "x', expected: [] },
]) {
  t.test(`${name} is read as nginx reads it`, async (t) => t.strictSame(said(text), expected))
}

t.test('lines and depths are told', async (t) => {
  const found = readDirectives('pid a;\nhttp {\n  server {\n    include\n x; } }\nuser b;')
  t.strictSame(
    found.map(({ name, line, depth }) => [name, line, depth]),
    [
      ['pid', 1, 0],
      ['http', 2, 0],
      ['server', 3, 1],
      ['include', 4, 2],
      ['user', 6, 0],
    ],
  )
})

t.test('any text is read to its end, and words stand where they are said to stand', async (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', ';', '{', '}', '"', "'", '\\', '#', '$') }),
      (text) => {
        for (const { start, end, args } of readDirectives(text)) {
          if (start >= end || end > text.length) return false
          if (args.some((arg) => arg.start < start || arg.end > end)) return false
        }
        return true
      },
    ),
  )
  t.pass()
})
