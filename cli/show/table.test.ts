import fc from 'fast-check'
import t from 'tap'
import { coloured, plain } from './style.ts'
import { table } from './table.ts'

const columns = [{ head: 'NAME' }, { head: 'COUNT', align: 'right' }, { head: 'NOTE' }] as const

t.test('columns line up, also where characters are wide', async (t) => {
  const rows = [
    ['用户服务', '3', '一切正常'],
    ['crm', '12', ''],
    ['ﾊﾛｰ', '1', '👍 ok'],
  ]
  t.equal(
    table(columns, rows, { paint: plain, now: 0 }),
    [
      'NAME      COUNT  NOTE', //
      '用户服务      3  一切正常',
      'crm          12',
      'ﾊﾛｰ           1  👍 ok',
    ].join('\n'),
  )
})

t.test('colours do not move columns', async (t) => {
  const rows = [[{ text: 'crm', colour: 'good' as const }, '1', { text: 'x', colour: undefined }]]
  const painted = table(columns, rows, { paint: coloured, now: 0 })
  t.match(painted, '\u001b[32mcrm\u001b[39m ')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  t.equal(painted.replace(/\u001b\[\d+m/g, ''), 'NAME  COUNT  NOTE\ncrm       1  x')
})

t.test('each row is one line and keeps its words, whatever they are', async (t) => {
  const word = fc.stringMatching(/^[a-z0-9\u4e00-\u9fff]{1,12}$/)
  const rows = fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 8 })
  const keepsWords = fc.property(rows, (rows) => {
    const lines = table(columns, rows, { paint: plain, now: 0 }).split('\n').slice(1)
    return lines.length === rows.length && lines.every((line, at) => line.split(/ +/).join() === rows[at]?.join())
  })
  t.doesNotThrow(() => fc.assert(keepsWords))
})
