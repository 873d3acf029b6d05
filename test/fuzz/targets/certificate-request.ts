import { readRequest } from '#control-plane/identity/read-request.ts'
import { keyHash } from '#shared/identity/key-hash.ts'
import { Extension, PemConverter } from '#shared/identity/x509.ts'
import { newKey, requestOf } from '#test/support/identity.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const ours = await newKey()
const wrongCurve = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify'])
const huge = new Extension('2.25.1893654127', false, new Uint8Array(3_000))
const requests = await Promise.all([
  requestOf(ours.pair),
  requestOf(ours.pair, { name: 'CN=n-abcdefghijkl', extensions: [huge] }),
  requestOf(wrongCurve),
])
const key = keyHash(Buffer.from(ours.publicKey))
const ders = requests.map((pem) => Buffer.from(PemConverter.decodeFirst(pem)))

/** Requests for certificates as anybody may send them: of one that is taken the key is that of who signed it. */
export const target = targetOf({
  arbitrary: mutated([...ders, Buffer.alloc(3_000, 0x30)]).map((der) =>
    PemConverter.encode(der, 'CERTIFICATE REQUEST'),
  ),
  run: async (pem) => {
    const read = await readRequest(pem)
    if (read.kind === 'invalid') return 'refused'
    promise(read.key === key, 'a key is taken that has signed nothing')
    return 'taken'
  },
})
