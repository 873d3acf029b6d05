import fc from 'fast-check'
import t from 'tap'
import { KeyIndex } from './key-index.ts'

t.test('whoever has a key is found by it, however many there are and whatever they had before', async (t) => {
  const move = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    key: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const index = new KeyIndex()
        const keys = new Map<string, string>()
        return moves.every(({ id, key }) => {
          index.move(id, keys.get(id), key)
          if (key === undefined) keys.delete(id)
          else keys.set(id, key)
          const of = (wanted: string) => [...keys].flatMap(([id, key]) => (key === wanted ? [id] : []))
          const known = [...new Set(keys.values())].sort()
          return (
            ['x', 'y'].every(
              (each) => JSON.stringify([...index.get(each)].sort()) === JSON.stringify(of(each).sort()),
            ) && JSON.stringify([...index.keys()].sort()) === JSON.stringify(known)
          )
        })
      }),
    ),
  )
})
