import fc from 'fast-check'
import t from 'tap'
import { keyHash } from '#shared/identity/key-hash.ts'
import { Pkcs10CertificateRequestGenerator } from '#shared/identity/x509.ts'
import { newKey, requestOf } from '#test/support/identity.ts'
import { readRequest } from './read-request.ts'

const { pair, publicKey } = await newKey()
const request = await requestOf(pair)

t.test('a request gives its key', async (t) => {
  t.match(await readRequest(request), { kind: 'read', key: keyHash(publicKey) })
})

t.test('a request that is signed with another key is refused', async (t) => {
  const other = await newKey()
  const mixed = { publicKey: pair.publicKey, privateKey: other.pair.privateKey }
  t.match(await readRequest(await requestOf(mixed)), { kind: 'invalid', why: /not signed with its own key/ })
})

t.test('keys of other kinds are refused', async (t) => {
  for (const algorithm of [
    { name: 'ECDSA', namedCurve: 'P-384' },
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    { name: 'Ed25519' },
  ]) {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    if (!('privateKey' in keys)) throw new Error('no pair')
    const other = await Pkcs10CertificateRequestGenerator.create({
      name: 'CN=x',
      keys,
      signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    })
    t.match(await readRequest(other.toString('pem')), { kind: 'invalid', why: /P-256/ })
  }
})

for (const { what, text } of [
  { what: 'nothing', text: '' },
  { what: 'no request', text: 'hello' },
  { what: 'an empty one', text: '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n' },
  { what: 'one cut short', text: request.slice(0, 200) },
  { what: 'one that is too long', text: request + ' '.repeat(9_000) },
]) {
  t.test(`${what} is refused with what is wrong`, async (t) => {
    t.match(await readRequest(text), { kind: 'invalid', why: /^it / })
  })
}

t.test('whatever is changed in a request, nobody gets a certificate for a key that did not sign it', async (t) => {
  const der = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(der)
      changed[at] = (changed[at] ?? 0) ^ change
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
      const read = await readRequest(pem)
      return read.kind === 'invalid' || read.key === keyHash(publicKey)
    }),
    { numRuns: 400 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 100 }), async (text) => (await readRequest(text)).kind === 'invalid'),
  )
  t.pass()
})
