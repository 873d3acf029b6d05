import fc from 'fast-check'
import t from 'tap'
import { Rows } from './rows.ts'

/** A text in pieces of any size, cut anywhere, also inside a character. */
function pieces(text: string, cuts: readonly number[]): readonly Buffer[] {
  const whole = Buffer.from(text, 'utf8')
  const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
  return places.slice(1).map((end, i) => whole.subarray(places[i], end))
}

await t.test('any list of objects comes out as it went in, however it is cut', async (t) => {
  const value = fc.jsonValue({ maxDepth: 3 })
  const row = fc.oneof(
    fc.dictionary(fc.string({ unit: 'grapheme' }), value, { maxKeys: 4 }),
    fc.array(value, { maxLength: 3 }),
  )
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.boolean(),
      (list, cuts, spaced) => {
        const rows = new Rows()
        const text = JSON.stringify(list, undefined, spaced ? 2 : 0)
        const found = pieces(text, cuts).flatMap((piece) => rows.push(piece))
        rows.end()
        return JSON.stringify(found) === JSON.stringify(list)
      },
    ),
  )
  t.pass()
})

await t.test('nothing, null and an empty list are empty lists', async (t) => {
  for (const text of ['', 'null', '[]', ' [ ]\n']) {
    const rows = new Rows()
    t.strictSame(rows.push(Buffer.from(text)), [])
    t.doesNotThrow(() => rows.end())
  }
})

await t.test('a list that ends in the middle is an error, not a shorter list', async (t) => {
  for (const text of ['[', '[{"a":1}', '[{"a":1},{"b', '[{"a":"']) {
    const rows = new Rows()
    rows.push(Buffer.from(text))
    t.throws(() => rows.end(), { message: /in the middle/ })
  }
})
