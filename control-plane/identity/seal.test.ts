import fc from 'fast-check'
import t from 'tap'
import { checkOf, seal, unseal } from './seal.ts'

const secret = Buffer.alloc(32, 1)
const plain = Buffer.from('the key of an authority')

t.test('what was sealed opens with the same secret, for the same purpose', async (t) => {
  t.strictSame(unseal(secret, 'authority a', seal(secret, 'authority a', plain)), plain)
  t.strictSame(unseal(secret, 'nothing', seal(secret, 'nothing', Buffer.alloc(0))), Buffer.alloc(0))
})

t.test('it opens with no other secret and for no other purpose', async (t) => {
  const sealed = seal(secret, 'authority a', plain)
  t.equal(unseal(Buffer.alloc(32, 2), 'authority a', sealed), undefined)
  t.equal(unseal(secret, 'authority b', sealed), undefined)
})

t.test('nothing that was changed opens, and no text makes it throw', async (t) => {
  const sealed = seal(secret, 'a', plain)
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'z', '.', '-', '', '客'), (at, put) => {
      const changed = sealed.slice(0, at) + put + sealed.slice(at + 1)
      const opened = unseal(secret, 'a', changed)
      // The last letter of a part may have bits that mean nothing.
      return opened === undefined || Buffer.compare(opened, plain) === 0
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(fc.string(), (text) => unseal(secret, 'a', text) === undefined))
  t.pass()
})

t.test('the same is never sealed alike twice, and shows nothing of what it holds', async (t) => {
  const all = Array.from({ length: 50 }, () => seal(secret, 'a', plain))
  t.equal(new Set(all).size, 50)
  for (const sealed of all) {
    t.notOk(sealed.includes(plain.toString('base64url')))
    t.notOk(sealed.includes(secret.toString('base64url')))
  }
})

t.test('the check of a secret is its own, and that of its installation', async (t) => {
  t.equal(checkOf(secret, 'i-1'), checkOf(Buffer.alloc(32, 1), 'i-1'))
  t.not(checkOf(secret, 'i-1'), checkOf(secret, 'i-2'))
  t.not(checkOf(secret, 'i-1'), checkOf(Buffer.alloc(32, 2), 'i-1'))
})
