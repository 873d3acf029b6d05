import t from 'tap'
import { lineCutter } from './ask-text.ts'

t.test('lines are the same however they are cut into pieces', async (t) => {
  const lines: string[] = []
  const cutter = lineCutter((line) => lines.push(line))
  for (const piece of ['a', 'b\nc', '\n', '\nd']) cutter.take(piece)
  cutter.end()
  t.strictSame(lines, ['ab', 'c', '', 'd'])
})

t.test('a line without an end is given up', async (t) => {
  const cutter = lineCutter(() => {})
  const goOn = () => {
    for (let pieces = 0; pieces < 100; pieces += 1) cutter.take('x'.repeat(64 * 1024))
  }
  t.throws(goOn, { message: /a line is longer/ })
})
