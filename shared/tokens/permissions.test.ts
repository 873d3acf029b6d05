import fc from 'fast-check'
import t from 'tap'
import { holdsAll, permissionsIn, wantedIn } from './permissions.ts'

for (const { claim, permissions } of [
  { claim: ['a', 'b c'], permissions: ['a', 'b c'] },
  { claim: 'a  b', permissions: ['a', 'b'] },
  { claim: ['a', 1, null, '', ['b']], permissions: ['a'] },
  { claim: '', permissions: [] },
  { claim: undefined, permissions: [] },
  { claim: 7, permissions: [] },
  { claim: { a: true }, permissions: [] },
]) {
  t.test(`${JSON.stringify(claim)} grants ${JSON.stringify(permissions)}`, async (t) => {
    t.strictSame([...permissionsIn(claim)], permissions)
  })
}

t.test('what a header asks for is each word of it', async (t) => {
  t.strictSame(wantedIn('a b '), ['a', 'b'])
  t.strictSame(wantedIn(''), [])
  t.strictSame(wantedIn(undefined), [])
})

t.test('every permission that is asked for must be there, and nothing that is there stands for another', async (t) => {
  const word = fc.constantFrom('a', 'b', 'c', '*', 'a:b', '')
  fc.assert(
    fc.property(fc.array(word), fc.array(word), (held, wanted) => {
      const names = wanted.filter((each) => each !== '')
      const expected = names.every((each) => held.includes(each))
      return holdsAll(permissionsIn(held), wantedIn(wanted.join(' '))) === expected
    }),
  )
  t.pass()
})
