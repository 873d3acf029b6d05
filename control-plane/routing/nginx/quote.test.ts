import t from 'tap'
import { comment, literal, quoted, value } from './quote.ts'

for (const { text, word } of [
  { text: '', word: '""' },
  { text: 'a b;{}#', word: '"a b;{}#"' },
  { text: 'say "x"', word: '"say \\"x\\""' },
  { text: 'a\\', word: '"a\\\\"' },
  { text: 'a\nb\tc\rd', word: '"a\\nb\\tc\\rd"' },
  { text: 'a\0b', word: '"a\ufffdb"' },
  { text: '\ud800', word: '"\ufffd"' },
]) {
  t.test(`${JSON.stringify(text)} is one word`, async (t) => t.equal(quoted(text), word))
}

t.test('a dollar sign stands for itself', async (t) => {
  t.equal(value('a$host', 'd'), `"a$\{d}host"`)
})

t.test('what nginx cannot read is refused, not cut', async (t) => {
  t.throws(() => quoted('ü'.repeat(2000)), { code: 'NGINX_TEXT_TOO_LONG' })
  t.equal(quoted('ü'.repeat(1000)).length, 1002)
})

t.test('a literal pattern fits its text alone', async (t) => {
  for (const text of ['/a.b', '/a+b', '(x)', '[a]', 'a\\b', '^$', 'a b', '#', 'a-b', '/', '{1}']) {
    t.match(text, new RegExp(`^${literal(text)}$`))
    t.notMatch(`${text}x`, new RegExp(`^${literal(text)}$`))
  }
  t.notMatch('/axb', new RegExp(`^${literal('/a.b')}$`))
})

t.test('a comment stays one line, and short', async (t) => {
  t.equal(comment('a\nlisten 80;\r\u2028b'), '# a listen 80;  b')
  t.ok(comment('😀'.repeat(500)).length < 310)
  t.ok(comment('😀'.repeat(500)).isWellFormed())
})
