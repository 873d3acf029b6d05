import fc from 'fast-check'
import t from 'tap'
import { modifyIndexes } from './indexes.ts'

await t.test('the indexes of an answer are found in their order, whatever else it holds', async (t) => {
  const texts = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constant('"ModifyIndex":7')), { maxKeys: 3 })
  const record = fc.record({
    Meta: fc.oneof(texts, fc.constant({ ModifyIndex: '5' })),
    Output: fc.constantFrom('ok', '{"ModifyIndex":9}'),
    CreateIndex: fc.nat(),
    ModifyIndex: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const answer = Buffer.from(JSON.stringify({ Results: records.map((Node) => ({ Node })), Errors: null }))
      const expected = records.map(({ ModifyIndex }) => ModifyIndex)
      return JSON.stringify(modifyIndexes(answer)) === JSON.stringify(expected)
    }),
  )
  t.strictSame(modifyIndexes(Buffer.from('')), [])
  t.strictSame(modifyIndexes(Buffer.from('{"Results":null}')), [])
})
