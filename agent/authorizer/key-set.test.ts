import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { readToken } from '#shared/tokens/token.ts'
import { encoded, Issuer, type IssuerAlgorithm } from '#test/support/authorizer/issuer.ts'
import { candidates, type KeySet, names, readKeySet } from './key-set.ts'
import { isSignedBy } from './verify-signature.ts'

const algorithms: readonly IssuerAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

function setOf(text: string): KeySet {
  const set = readKeySet(text)
  if (!set) throw new Error('no key set')
  return set
}

async function passes(text: string, set: KeySet): Promise<boolean> {
  const token = readToken(text)
  return token !== undefined && (await isSignedBy(token, candidates(set, token)))
}

const issuers = new Map(algorithms.map((algorithm) => [algorithm, new Issuer().add('a', algorithm)]))

for (const [algorithm, issuer] of issuers) {
  t.test(`a signature by ${algorithm} is proven by its key, and by no other`, async (t) => {
    const set = setOf(issuer.keySet())
    const token = issuer.token()
    t.ok(await passes(token, set))
    t.notOk(await passes(token, setOf(new Issuer().add('a', algorithm).keySet())))
    for (const other of algorithms.filter((each) => each !== algorithm)) {
      t.notOk(await passes(issuer.token({}, { header: { alg: other } }), set), other)
    }
  })
}

t.test('a changed byte never passes', async (t) => {
  const sets = algorithms.map((algorithm) => {
    const issuer = issuers.get(algorithm) ?? new Issuer()
    return { token: issuer.token({ permissions: ['a', 'b'] }), set: setOf(issuer.keySet()) }
  })
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sets),
      fc.nat(),
      fc.oneof(fc.constantFrom(...letters), fc.constant('')),
      fc.boolean(),
      async ({ token, set }, at, letter, last) => {
        // The last letters hold bits that decoding drops.
        const place = last ? token.length - 1 - (at % 3) : at % token.length
        const changed = token.slice(0, place) + letter + token.slice(place + 1)
        return changed === token || !(await passes(changed, set))
      },
    ),
    { numRuns: 600 },
  )
  t.pass()
})

t.test('neither none nor a secret that both sides know proves anything', async (t) => {
  const issuer = new Issuer().add('a', 'RS256')
  const set = setOf(issuer.keySet([{ kty: 'oct', kid: 'secret', k: 'AAAA', alg: 'HS256' }]))
  t.strictSame({ keys: set.keys.length, passedOver: set.passedOver }, { keys: 1, passedOver: 1 })
  for (const alg of ['none', 'None', 'HS256', 'HS384', 'HS512', 'RS1', '', 'ES256K', '__proto__']) {
    t.notOk(await passes(issuer.token({}, { header: { alg } }), set), alg)
  }
})

t.test('a key is only for the algorithm that it names', async (t) => {
  const issuer = new Issuer().add('a', 'PS256')
  const [key] = JSON.parse(issuer.keySet()).keys
  const other = setOf(JSON.stringify({ keys: [{ ...key, alg: 'RS256' }] }))
  t.notOk(await passes(issuer.token(), other))
  t.ok(await passes(issuer.token(), setOf(JSON.stringify({ keys: [{ ...key, alg: undefined }] }))))
})

t.test('a key without an algorithm is only for those of its kind', async (t) => {
  for (const [algorithm, issuer] of issuers) {
    const keys = JSON.parse(issuer.keySet()).keys.map((key: object) => ({ ...key, alg: undefined }))
    const set = setOf(JSON.stringify({ keys }))
    const fitting = algorithms.filter((each) => candidates(set, { algorithm: each, kid: 'a' }).length > 0)
    const rsa = algorithms.filter((each) => /^[RP]S/.test(each))
    t.strictSame(fitting, rsa.includes(algorithm) ? rsa : [algorithm])
  }
})

t.test('the key that a token names is tried, or one without a name, and no other', async (t) => {
  const issuer = new Issuer().add('a').add('b')
  const set = setOf(issuer.keySet())
  const kids = (kid: string | undefined) => candidates(set, { algorithm: 'ES256', kid }).map((key) => key.kid)
  t.strictSame(kids('a'), ['a'])
  t.strictSame(kids('c'), [])
  t.strictSame(kids(undefined), ['b', 'a'])
  const nameless = JSON.parse(issuer.keySet()).keys.map((key: object) => ({ ...key, kid: undefined }))
  t.equal(candidates(setOf(JSON.stringify({ keys: nameless })), { algorithm: 'ES256', kid: 'c' }).length, 2)
  t.strictSame([names(set, 'a'), names(set, 'c'), names(set, undefined)], [true, false, false])
})

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })

for (const { name, key } of [
  { name: 'for encryption', key: { ...ec, use: 'enc' } },
  { name: 'that may only sign', key: { ...ec, key_ops: ['sign'] } },
  { name: 'of RSA with 1024 bits', key: weak },
  { name: 'of a curve that no algorithm has', key: foreign },
  { name: 'that is broken', key: { ...ec, x: 'AAAA' } },
  { name: 'without parts', key: { kty: 'RSA' } },
  { name: 'whose parts are numbers', key: { kty: 'RSA', n: 1, e: 1 } },
  { name: 'of no known kind', key: { kty: 'X' } },
  { name: 'that is no object', key: 'x' },
  { name: 'that is null', key: null },
]) {
  t.test(`a key ${name} is passed over`, async (t) => {
    t.equal(readKeySet(JSON.stringify({ keys: [key] })), undefined)
    const set = setOf(JSON.stringify({ keys: [key, ec] }))
    t.strictSame({ keys: set.keys.length, passedOver: set.passedOver }, { keys: 1, passedOver: 1 })
  })
}

t.test('what is no key set is none, whatever it is', async (t) => {
  for (const text of ['', '{}', '[]', 'null', '{"keys":{}}', '{"keys":[]}', '<html>', '{"keys":[']) {
    t.equal(readKeySet(text), undefined, text)
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map((keys) => JSON.stringify({ keys: [keys] })),
      ),
      (text) => {
        readKeySet(text)
      },
    ),
  )
})

t.test('only the public part of a key is taken', async (t) => {
  const pair = generateKeyPairSync('ed25519')
  const set = setOf(JSON.stringify({ keys: [pair.privateKey.export({ format: 'jwk' })] }))
  t.equal(set.keys[0]?.key.type, 'public')
})

t.test('an unsigned token with claims of its own does not pass', async (t) => {
  const set = setOf(new Issuer().add('a').keySet())
  t.notOk(await passes(`${encoded({ alg: 'ES256', kid: 'a' })}.${encoded({ sub: 'root' })}.${'A'.repeat(86)}`, set))
})
