import fc from 'fast-check'
import t from 'tap'
import { parseCsv } from './csv.ts'

for (const { what, text, rows } of [
  {
    what: 'commas',
    text: 'site,host\n腾讯云,10.0.0.1\n',
    rows: [
      ['site', 'host'],
      ['腾讯云', '10.0.0.1'],
    ],
  },
  {
    what: 'semicolons and a mark of order',
    text: '\uFEFFa;b\r\n1;2\r\n',
    rows: [
      ['a', 'b'],
      ['1', '2'],
    ],
  },
  {
    what: 'tabs',
    text: 'a\tb\n1\t2',
    rows: [
      ['a', 'b'],
      ['1', '2'],
    ],
  },
  {
    what: 'quotes',
    text: 'a,b\n"x, y","say ""hi"""\n',
    rows: [
      ['a', 'b'],
      ['x, y', 'say "hi"'],
    ],
  },
  {
    what: 'empty lines and remarks',
    text: '# all of them\n\na,b\n,\n1,2\n',
    rows: [
      ['a', 'b'],
      ['1', '2'],
    ],
  },
  { what: 'nothing', text: '', rows: [] },
]) {
  t.test(`a table with ${what} is read`, async (t) => {
    t.strictSame(
      parseCsv(text).map(({ cells }) => cells),
      rows,
    )
  })
}

t.test('each row knows its line, also after a cell of several', async (t) => {
  t.strictSame(
    parseCsv('a,b\n"1\n2",x\n3,4').map(({ line }) => line),
    [1, 2, 4],
  )
})

t.test('what was written with quotes is read as it was', async (t) => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replace(/\r/g, '').trim())
  const row = fc.array(cell, { minLength: 2, maxLength: 4 }).filter(([first = '', ...rest]) => {
    return !first.startsWith('#') && [first, ...rest].some((each) => each !== '')
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
        const text = [
          'h1,h2',
          ...rows.map((cells) => cells.map((each) => `"${each.replace(/"/g, '""')}"`).join(',')),
        ].join('\n')
        const read = parseCsv(text).slice(1)
        return JSON.stringify(read.map(({ cells }) => cells)) === JSON.stringify(rows)
      }),
    ),
  )
})
