import fc from 'fast-check'
import t from 'tap'
import { encoded } from '#test/support/authorizer/issuer.ts'
import { bearerOf, endNamedIn, readToken } from './token.ts'

const head = encoded({ alg: 'RS256', kid: 'a' })
const body = encoded({ iss: 'i', sub: 'li', exp: 5 })

t.test('a token is read: its claims, what is signed, and by which key', async (t) => {
  t.match(readToken(`${head}.${body}.AAAA`), {
    algorithm: 'RS256',
    kid: 'a',
    claims: { iss: 'i', sub: 'li', exp: 5 },
    signed: `${head}.${body}`,
    signature: Buffer.alloc(3),
  })
})

for (const { name, token } of [
  { name: 'empty', token: '' },
  { name: 'of two parts', token: `${head}.${body}` },
  { name: 'of four parts', token: `${head}.${body}.AAAA.AAAA` },
  { name: 'without a signature', token: `${head}.${body}.` },
  { name: 'without claims', token: `${head}..AAAA` },
  { name: 'with padding', token: `${head}.${body}.AA==` },
  { name: 'with bits left over', token: `${head}.${body}.AB` },
  { name: 'with a line break', token: `${head}.${body}.AAAA\n` },
  { name: 'in plain base64', token: `${head}.${body}.+/+/` },
  { name: 'without an algorithm', token: `${encoded({ kid: 'a' })}.${body}.AAAA` },
  { name: 'with something critical', token: `${encoded({ alg: 'RS256', crit: ['exp'] })}.${body}.AAAA` },
  { name: 'with an empty critical list', token: `${encoded({ alg: 'RS256', crit: [] })}.${body}.AAAA` },
  { name: 'with a payload that is not encoded', token: `${encoded({ alg: 'RS256', b64: false })}.${body}.AAAA` },
  { name: 'whose kid is a number', token: `${encoded({ alg: 'RS256', kid: 1 })}.${body}.AAAA` },
  { name: 'whose claims are a list', token: `${head}.${encoded([])}.AAAA` },
  { name: 'whose claims are no JSON', token: `${head}.AAAA.AAAA` },
  {
    name: 'whose claims are no UTF-8',
    token: `${head}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.AA`,
  },
  { name: 'whose exp is a text', token: `${head}.${encoded({ exp: '5' })}.AAAA` },
  { name: 'whose exp is negative', token: `${head}.${encoded({ exp: -5 })}.AAAA` },
  { name: 'whose nbf is beyond all times', token: `${head}.${encoded({ nbf: 1e300 })}.AAAA` },
  { name: 'whose subject is a number', token: `${head}.${encoded({ sub: 5 })}.AAAA` },
  { name: 'whose issuer is a list', token: `${head}.${encoded({ iss: ['i'] })}.AAAA` },
  { name: 'whose audiences are numbers', token: `${head}.${encoded({ aud: [1] })}.AAAA` },
  { name: 'that is too long', token: `${head}.${body}.${'A'.repeat(40_000)}` },
]) {
  t.test(`a text ${name} is no token`, async (t) => {
    t.equal(readToken(token), undefined)
  })
}

t.test('no bytes, whatever they are, make reading fail', async (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
    fc
      .tuple(fc.jsonValue(), fc.jsonValue(), fc.uint8Array())
      .map(([a, b, c]) => `${encoded(Object(a))}.${encoded(Object(b))}.${Buffer.from(c).toString('base64url')}`),
  )
  fc.assert(
    fc.property(text, (each) => {
      readToken(each)
      endNamedIn(`Bearer ${each}`)
      endNamedIn(each)
      bearerOf(each)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

for (const { header, token } of [
  { header: 'Bearer abc', token: 'abc' },
  { header: 'Bearer   abc', token: 'abc' },
  // As Envoy has it.
  { header: 'bearer abc', token: undefined },
  { header: 'Bearer', token: undefined },
  { header: 'Bearer a b', token: undefined },
  { header: 'Basic abc', token: undefined },
  { header: '', token: undefined },
]) {
  t.test(`the token of "${header}" is ${token}`, async (t) => {
    t.equal(bearerOf(header), token)
  })
}

t.test('the end that a token names is known without any key, and of nothing else', async (t) => {
  t.equal(endNamedIn(`Bearer ${head}.${body}.AAAA`), 5000)
  t.equal(endNamedIn(`Bearer ${head}.${encoded({})}.AAAA`), undefined)
  t.equal(endNamedIn(`Bearer ${head}.${encoded({ exp: 'soon' })}.AAAA`), undefined)
  t.equal(endNamedIn('Bearer opaque'), undefined)
  t.equal(endNamedIn('Basic bGk6eA=='), undefined)
})
