import t from 'tap'
import { Layouts } from './metric-layouts.ts'

t.test('who has the same metrics in the same order has the same layout', async (t) => {
  const layouts = new Layouts()
  const make = (names: readonly string[]) =>
    names.reduce((layout, name) => layouts.with(layout, name, 'count'), layouts.empty)
  t.equal(make(['a', 'b', 'c']), make(['a', 'b', 'c']))
  t.not(make(['a', 'c', 'b']), make(['a', 'b', 'c']))
  t.strictSame(make(['a', 'b', 'c']).names, ['a', 'b', 'c'])
  t.equal(layouts.without(make(['a', 'b', 'c']), 1), make(['b', 'c']))
  const other = layouts.withUnit(make(['a', 'b']), 1, 'ms')
  t.strictSame(
    [other.names, other.units],
    [
      ['a', 'b'],
      ['count', 'ms'],
    ],
  )
  t.strictSame(make(['a', 'b']).units, ['count', 'count'], 'those who have the other unit keep it')
})

t.test('names may be anything, and yet no more is kept than may be', async (t) => {
  const layouts = new Layouts(10)
  const first = layouts.with(layouts.empty, 'a', 'count')
  for (let index = 0; index < 10; index += 1) layouts.with(layouts.empty, `m${index}`, 'count')
  t.not(layouts.with(layouts.empty, 'a', 'count'), first)
  t.ok((layouts.empty.next?.size ?? 0) < 10)
})
