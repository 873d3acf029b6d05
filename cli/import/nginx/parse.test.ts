import fc from 'fast-check'
import t from 'tap'
import { parseNginx } from './parse.ts'

const wordsOf = (text: string) => parseNginx(text, 'nginx.conf').directives.map(({ name, args }) => [name, ...args])

for (const { what, text, words } of [
  { what: 'plain words', text: 'listen 80 default_server;', words: [['listen', '80', 'default_server']] },
  { what: 'quotes', text: `return 200 "a; {b}" 'c "d"';`, words: [['return', '200', 'a; {b}', 'c "d"']] },
  { what: 'escaped quotes', text: 'return 200 "say \\"hi\\"";', words: [['return', '200', 'say "hi"']] },
  { what: 'remarks', text: '# no; {\nroot /a; # {', words: [['root', '/a']] },
  { what: 'variables in braces', text: `set $a $\{b}c;`, words: [['set', '$a', `$\{b}c`]] },
  {
    what: 'a pattern with a quote of its own',
    text: 'rewrite "^/a{2}$" /b\\.c;',
    words: [['rewrite', '^/a{2}$', '/b\\.c']],
  },
  { what: 'a mark of order', text: '\uFEFFroot /a;', words: [['root', '/a']] },
]) {
  t.test(`a configuration with ${what} is read as nginx reads it`, async (t) => t.strictSame(wordsOf(text), words))
}

t.test('blocks hold what stands in them, each directive with its line', async (t) => {
  const { directives, problems } = parseNginx('http {\n  server {\n    listen 80;\n  }\n}\n', 'a.conf')
  t.strictSame(problems, [])
  t.match(directives, [
    { name: 'http', line: 1, block: [{ name: 'server', line: 2, block: [{ name: 'listen', args: ['80'], line: 3 }] }] },
  ])
})

for (const { text, line, message } of [
  { text: 'server {\n  listen 80\n}', line: 2, message: '"listen" has no ";" at its end' },
  { text: 'a;\n}', line: 2, message: 'unexpected "}"' },
  { text: 'a;\nb {', line: 2, message: 'this block has no "}"' },
  { text: 'a;\n;', line: 2, message: 'unexpected ";"' },
  { text: '{}', line: 1, message: 'unexpected "{"' },
  { text: 'a "b;\n', line: 1, message: 'a quote is not closed' },
  { text: 'a b', line: 1, message: '"a" has no ";" at its end' },
]) {
  t.test(`${JSON.stringify(text)} is told with its line`, async (t) => {
    t.match(parseNginx(text, 'a.conf').problems[0], { source: { file: 'a.conf', line }, message })
  })
}

t.test('whatever the text, it is read to its end', async (t) => {
  const piece = fc.constantFrom(';', '{', '}', '"', "'", '\\', '$', '${', '#', '\n', ' ', 'a')
  fc.assert(
    fc.property(fc.string({ unit: piece, maxLength: 60 }), (text) => {
      const { problems, directives } = parseNginx(text, 'f')
      return problems.length + directives.length >= 0
    }),
  )
  t.pass()
})
