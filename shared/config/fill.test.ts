import fc from 'fast-check'
import t from 'tap'
import { filled } from './fill.ts'

const from = 'mode x'
for (const { what, settings, path, value, sources } of [
  { what: 'nothing', settings: {}, path: 'a.b', value: { a: { b: 1 } }, sources: ['a.b'] },
  { what: 'its neighbour', settings: { a: { c: 2 } }, path: 'a.b', value: { a: { c: 2, b: 1 } }, sources: ['a.b'] },
  { what: 'the setting itself', settings: { a: { b: 2 } }, path: 'a.b', value: { a: { b: 2 } }, sources: [] },
  { what: 'null', settings: { a: { b: null } }, path: 'a.b', value: { a: { b: null } }, sources: [] },
  { what: 'something that is no part', settings: { a: 'x' }, path: 'a.b', value: { a: 'x' }, sources: [] },
  { what: 'no such part', settings: {}, path: 'a?.b', value: {}, sources: [] },
  { what: 'the part', settings: { a: {} }, path: 'a?.b', value: { a: { b: 1 } }, sources: ['a.b'] },
  { what: 'no list', settings: {}, path: 'a.*.b', value: {}, sources: [] },
  {
    what: 'a list',
    settings: { a: [{}, { b: 2 }, 'x'] },
    path: 'a.*.b',
    value: { a: [{ b: 1 }, { b: 2 }, 'x'] },
    sources: ['a.0.b'],
  },
]) {
  t.test(`where ${what} is said, ${path} is ${sources.length > 0 ? 'filled' : 'left alone'}`, async (t) => {
    const done = filled(settings, [{ path, value: 1, from }])
    t.strictSame(done.value, value)
    t.strictSame([...done.sources.keys()], sources)
  })
}

t.test('of several words for one setting the first counts', async (t) => {
  const assumed = [
    { path: 'a', value: 1, from: 'size' },
    { path: 'a', value: 2, from: 'mode' },
  ]
  t.strictSame([filled({}, assumed).value, [...filled({}, assumed).sources]], [{ a: 1 }, [['a', 'size']]])
})

t.test('what was said is never changed, whatever it is', async (t) => {
  const settings = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue())
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(settings, (said) => {
        const before = JSON.stringify(said)
        const { value } = filled(said, [
          { path: 'a', value: 1, from },
          { path: 'd.e', value: 2, from },
        ])
        const after = value as Record<string, unknown>
        return JSON.stringify(said) === before && Object.keys(said).every((key) => after[key] === said[key])
      }),
    ),
  )
})
