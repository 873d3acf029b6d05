import t from 'tap'
import { holdsToken, urlHoldsToken } from './token-in-query.ts'

for (const [query, holds] of [
  ['', false],
  ['limit=10&after=token', false],
  ['tokens=1', false],
  ['state=a&code=b', false],
  ['token=', true],
  ['limit=1&access_token=x', true],
  ['%74oken=x', true],
  ['a=1&t%6fken=x', true],
  ['x=hdlt1.abc.def', true],
  ['x=hdl1%2Eabc', true],
  ['x=%68dlt1.abc', true],
  ['Password=x', true],
  ['%zz=1', false],
] as const) {
  t.test(`the query ${JSON.stringify(query)} holds ${holds ? 'a' : 'no'} token`, async (t) => {
    t.equal(holdsToken(query), holds)
    t.equal(urlHoldsToken(`/agents?${query}`), holds)
  })
}

t.test('an address without a query holds none', async (t) => {
  t.equal(urlHoldsToken('/token=x'), false)
  t.equal(urlHoldsToken(undefined), false)
})
