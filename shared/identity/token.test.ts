import fc from 'fast-check'
import t from 'tap'
import { newToken, readToken, secretHash, tokenText } from './token.ts'

const pin = Buffer.alloc(32, 7).toString('base64url')
const token = { id: 'abcdefgh23', secret: Buffer.alloc(32, 1).toString('base64url'), pin }
const text = tokenText(token)

t.test('a token is read as it was made, with whatever blanks around it', async (t) => {
  const made = newToken(pin)
  t.match(made, { id: /^[a-z2-7]{10}$/, secret: /^[\w-]{43}$/, pin })
  for (const written of [tokenText(made), `\n  ${tokenText(made)}\r\n`]) {
    t.strictSame(readToken(written), { kind: 'read', token: made })
  }
})

t.test('no two tokens share an id or a secret', async (t) => {
  const made = Array.from({ length: 200 }, () => newToken(pin))
  t.equal(new Set(made.map(({ id }) => id)).size, 200)
  t.equal(new Set(made.map(({ secret }) => secret)).size, 200)
})

for (const { what, written, why } of [
  { what: 'an empty file', written: ' \n', why: /no token/ },
  { what: 'another text', written: 'password: hunter2', why: /does not begin with "hdl1\."/ },
  { what: 'a token of a later version', written: text.replace('hdl1', 'hdl2'), why: /newer version/ },
  { what: 'a token cut short', written: text.slice(0, -1), why: /fourth part .* whole/ },
  { what: 'a token cut in its secret', written: text.slice(0, 40), why: /third part .* whole/ },
  { what: 'a token in capitals', written: text.replace('abcdefgh23', 'ABCDEFGH23'), why: /second part/ },
  { what: 'two tokens', written: `${text}.${text}`, why: /after its fourth/ },
  { what: 'a token that goes on for ever', written: `${text}${' '.repeat(1_000)}x`, why: /after its fourth/ },
  { what: 'a secret written in another way', written: text.replace(/(\.[\w-]{42})[\w-](\.)/, '$1F$2'), why: /third/ },
]) {
  t.test(`${what} is refused with what is wrong`, async (t) => {
    t.match(readToken(written), { kind: 'unreadable', why })
  })
}

t.test('what is refused is never repeated', async (t) => {
  fc.assert(
    fc.property(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 3 }), (at, put) => {
      const read = readToken(text.slice(0, at) + put + text.slice(at + 1))
      return read.kind === 'read' || !read.why.includes(token.secret.slice(4, 20))
    }),
  )
  t.pass()
})

t.test('a secret is kept as a hash', async (t) => {
  t.match(secretHash(token.secret), /^[\w-]{43}$/)
  t.not(secretHash(token.secret), secretHash(`${token.secret} `))
})
