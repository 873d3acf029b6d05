import fc from 'fast-check'
import t from 'tap'
import { endOf, faultOf } from './claims.ts'

const rule = { issuer: 'https://issuer.test', audiences: ['https://api.test/', 'other'] }
const now = 1_000_000_000
const good = { iss: rule.issuer, aud: 'api.test', exp: 1_000_100 }

for (const { name, claims, fault } of [
  { name: 'good', claims: good, fault: undefined },
  { name: 'of another issuer', claims: { ...good, iss: 'https://issuer.test/' }, fault: 'issuer' },
  { name: 'of no issuer', claims: { aud: 'api.test' }, fault: 'issuer' },
  { name: 'for somebody else', claims: { ...good, aud: 'else' }, fault: 'audience' },
  { name: 'for nobody', claims: { iss: rule.issuer }, fault: 'audience' },
  { name: 'for several', claims: { ...good, aud: ['else', 'http://api.test'] }, fault: undefined },
  { name: 'without an end', claims: { iss: rule.issuer, aud: 'other' }, fault: undefined },
  { name: 'that end within the leeway', claims: { ...good, exp: 999_940 }, fault: undefined },
  { name: 'that ended before it', claims: { ...good, exp: 999_939 }, fault: 'expired' },
  { name: 'that begin within the leeway', claims: { ...good, nbf: 1_000_060 }, fault: undefined },
  { name: 'that begin after it', claims: { ...good, nbf: 1_000_061 }, fault: 'not yet valid' },
  { name: 'that ended in a fraction of a second', claims: { ...good, exp: 999_939.9 }, fault: 'expired' },
]) {
  t.test(`claims ${name} are ${fault ?? 'taken'}`, async (t) => {
    t.equal(faultOf(claims, rule, now), fault)
  })
}

t.test('without audiences in the rule any will do', async (t) => {
  t.equal(faultOf({ iss: rule.issuer }, { ...rule, audiences: [] }, now), undefined)
  t.equal(faultOf({ iss: rule.issuer, aud: 'x' }, { ...rule, audiences: [] }, now), undefined)
})

t.test('from its end on, and not before, a token is expired', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (exp) => {
      const claims = { ...good, exp }
      const end = endOf(claims)
      return (
        end !== undefined &&
        faultOf(claims, rule, end) === 'expired' &&
        faultOf(claims, rule, end - 1) === undefined &&
        end - exp * 1000 <= 61_000
      )
    }),
  )
  t.pass()
})
