import t from 'tap'
import * as z from 'zod/mini'
import { parseYaml, pathText, problemText, schemaProblems } from './problem.ts'

t.test('a problem reads as a place and a sentence', async (t) => {
  const problem = { file: 'plane.yaml', line: 4, path: 'api.port', message: 'expected a port' }
  t.equal(problemText(problem), 'plane.yaml:4 api.port: expected a port')
  t.equal(problemText({ ...problem, path: '' }), 'plane.yaml:4 expected a port')
  t.equal(
    problemText({ file: 'HEDDLE_API__PORT', path: 'api.port', message: 'required' }),
    'HEDDLE_API__PORT api.port: required',
  )
  t.equal(problemText({ file: '', path: '', message: 'no such thing' }), 'no such thing')
  t.equal(problemText({ file: '', path: 'a', message: 'required' }), 'a: required')
})

t.test('a path reads as people write it', async (t) => {
  t.equal(pathText(['datacenters', 1, 'address']), 'datacenters[1].address')
  t.equal(pathText([]), '')
  t.equal(pathText([0, 'a', 2]), '[0].a[2]')
})

t.test('an empty file is an empty object', async (t) => {
  for (const text of ['', '# only a comment\n', '---\n', 'null']) {
    t.match(parseYaml(text, 'f'), { value: {}, problems: [] })
  }
})

for (const { name, text, problems } of [
  { name: 'a bracket that is not closed', text: 'a: 1\nb: [1,\n', problems: [{ file: 'f', line: 3, path: '' }] },
  {
    name: 'a key twice',
    text: 'a: 1\nb: 2\na: 3\n',
    problems: [{ file: 'f', line: 3, message: 'Map keys must be unique' }],
  },
  { name: 'an alias to nothing', text: 'a: *b\n', problems: [{ file: 'f', message: /Unresolved alias/ }] },
  {
    name: 'two documents',
    text: 'a: 1\n---\nb: 2\n',
    problems: [{ file: 'f', line: 2, message: /multiple documents/ }],
  },
]) {
  t.test(`${name} is a problem of the file, not a crash`, async (t) => {
    t.match(parseYaml(text, 'f').problems, problems)
  })
}

t.test('aliases cannot make a small file huge', async (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let at = 1; at < 9; at += 1)
    lines.push(
      `a${at}: &a${at} [${Array(10)
        .fill(`*a${at - 1}`)
        .join(', ')}]`,
    )
  t.match(parseYaml(lines.join('\n'), 'f').problems, [{ message: /alias/ }])
})

const text = `# a comment
api:
  port: eighty
datacenters:
  - name: one

  - name: two
    address: here
names: {甲: 1, 乙: x}
`

t.test('the line is that of the value, else of its nearest parent', async (t) => {
  const { lineOf, keyLineOf } = parseYaml(text, 'f')
  for (const { path, line, keyLine } of [
    { path: ['api', 'port'], line: 3, keyLine: 3 },
    { path: ['api'], line: 3, keyLine: 2 },
    { path: ['datacenters', 1, 'address'], line: 8, keyLine: 8 },
    { path: ['datacenters', 1, 'missing', 'deeper'], line: 7, keyLine: 7 },
    { path: ['datacenters', 0], line: 5, keyLine: 5 },
    { path: ['names', '乙'], line: 9, keyLine: 9 },
    { path: ['nothing'], line: 2, keyLine: 2 },
    { path: [], line: 2, keyLine: 2 },
  ]) {
    t.equal(lineOf(path), line, pathText(path))
    t.equal(keyLineOf(path), keyLine, `key ${pathText(path)}`)
  }
  t.equal(parseYaml('', 'f').lineOf(['a']), undefined)
})

t.test('every problem is told at once, with what was found', async (t) => {
  const schema = z.strictObject({
    api: z.strictObject({ port: z.int(), host: z.string(), mode: z.enum(['a', 'b']) }),
    token: z.string().check(z.minLength(20)),
    list: z.array(z.string()),
  })
  const value = {
    api: { port: 'eighty', hots: 'x', nothing: 1 },
    token: 'geheim',
    list: [`${'x'.repeat(80)}`, null, { a: 1 }],
  }
  const place = (path: readonly PropertyKey[]) => ({ file: 'f', line: path.length })
  const problems = schemaProblems(z.safeParse(schema, value).error?.issues ?? [], value, place, schema)
  t.strictSame(problems.map(problemText).toSorted(), [
    'f:1 token: expected at least 20 characters',
    'f:2 api.host: required',
    'f:2 api.hots: unknown key; did you mean "host"?',
    'f:2 api.mode: required: expected "a" or "b"',
    'f:2 api.nothing: unknown key',
    'f:2 api.port: expected a number, got "eighty"',
    'f:2 list[1]: expected a text, got null',
    'f:2 list[2]: expected a text, got {"a":1}',
  ])
})

t.test('what was found is shown shortly', async (t) => {
  const value = ['x'.repeat(200)]
  const problems = schemaProblems(z.safeParse(z.array(z.int()), value).error?.issues ?? [], value, () => ({
    file: 'f',
  }))
  t.match(problems[0]?.message, /^expected a number, got "x+\.\.\.$/)
})
