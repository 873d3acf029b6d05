import fc from 'fast-check'
import t from 'tap'
import { JsonRows } from './json-rows.ts'
import type { FromFile } from './raw-row.ts'

function readCut(text: string, cuts: readonly number[]): readonly FromFile[] {
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  const reader = new JsonRows()
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const rows = places.flatMap((place, index) => reader.push(bytes.slice(place, places[index + 1] ?? place)))
  return [...rows, ...reader.end()]
}

function read(text: string): readonly object[] {
  return readCut(text, []).map((each) =>
    each.kind === 'row' ? { table: each.table, line: each.line, ...Object.fromEntries(each.values) } : each,
  )
}

t.test('rows of JSON are found by the keys of their lists', async (t) => {
  for (const { name, text, rows } of [
    {
      name: 'a bare list',
      text: '[{"a": 1},\n {"a": [2, {"b": "]"}]}]',
      rows: [
        { line: 1, a: 1 },
        { line: 2, table: '' },
      ],
    },
    {
      name: 'an export',
      text: '{"cluster_nodes": [{"node_id": "n"}], "empty": [], "service_registry": [\n{"x": "中\\"}"}]}',
      rows: [
        { table: 'cluster_nodes', line: 1, node_id: 'n' },
        { table: 'service_registry', line: 2, x: '中"}' },
      ],
    },
    {
      name: 'an answer in an envelope',
      text: '{"code": 0, "message": "a [b] {c}", "next": null, "data": {"services": [{"a": true}], "total": 1.5e3}}\n',
      rows: [{ table: 'services', a: true }],
    },
    {
      name: 'a list of what are no rows',
      text: '{"tags": ["a", 1, null, ["b"]], "more": [{"a": 1}]}',
      rows: [...Array(4).fill({ kind: 'unread', table: 'tags', reason: 'it is no row of a list' }), { table: 'more' }],
    },
    {
      name: 'rows by their ids are told',
      text: '{"cluster_nodes": [{"node_id": "n"}], "services":\n{"a": {"service_id": "a"},\n"b": {"service_id": "b"}}}',
      rows: [
        { table: 'cluster_nodes' },
        { kind: 'unread', table: 'services', line: 2, remedy: /list of objects/ },
        { kind: 'unread', table: 'services', line: 3 },
      ],
    },
    { name: 'a row alone is told', text: '{"service_id": "a"}', rows: [{ kind: 'unread', table: '', line: 1 }] },
    {
      name: 'lists and single values between rows are told',
      text: '{"total": 3, "services": [{"a": 1}, [{"a": 2}],\n"z"]}',
      rows: [{ a: 1 }, { kind: 'unread', table: 'services', line: 1 }, { kind: 'unread', table: 'services', line: 2 }],
    },
    { name: 'nothing', text: '{}', rows: [] },
  ]) {
    await t.test(name, async (t) => {
      t.match(read(text), rows)
      t.equal(read(text).length, rows.length)
    })
  }
})

t.test('what is no JSON is refused with its line, and nothing of it is told', async (t) => {
  for (const { text, code } of [
    { text: '{"a": [{"b": 1}', code: 'IMPORT_CUT' },
    { text: '', code: 'IMPORT_CUT' },
    { text: '[{"b": s3cret}]', code: 'IMPORT_UNREADABLE' },
    { text: '[{"b": "s3cret" "c"}]', code: 'IMPORT_UNREADABLE' },
    { text: '{"a": [}', code: 'IMPORT_UNREADABLE' },
    { text: '{a: 1}', code: 'IMPORT_UNREADABLE' },
    { text: '{} {}', code: 'IMPORT_UNREADABLE' },
    { text: '[] ]', code: 'IMPORT_UNREADABLE' },
  ]) {
    t.throws(() => read(text), { code, message: /^(?!.*s3cret)/ }, text)
  }
  const latin = new JsonRows()
  t.throws(() => latin.push('[{"a": "caf\xe9"}]'), { code: 'IMPORT_ENCODING' })
})

t.test('a row that is longer than is held is refused, and the next one is read', async (t) => {
  t.match(read(`[{"a": "${'x'.repeat(600 * 1024)}"},\n{"a": 1}]`), [
    { kind: 'unread', line: 1, reason: /longer/ },
    { line: 2, a: 1 },
  ])
})

t.test('the same rows are read however the file is cut', async (t) => {
  const row = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { noNullPrototype: true })
  const file = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.array(row, { maxLength: 4 }), {
    noNullPrototype: true,
  })
  const same = fc.property(
    file,
    fc.array(fc.nat(), { maxLength: 10 }),
    fc.constantFrom(0, 2),
    (tables, cuts, indent) => {
      const found = readCut(JSON.stringify(tables, null, indent), cuts)
      const rows = found.map((each) => [each.table, each.kind === 'row' ? Object.fromEntries(each.values) : each])
      const wanted = Object.entries(tables).flatMap(([table, all]) => all.map((one) => [table, one]))
      return JSON.stringify(rows) === JSON.stringify(wanted)
    },
  )
  t.doesNotThrow(() => fc.assert(same, { numRuns: 300 }))
})
