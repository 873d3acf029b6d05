import t from 'tap'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { judgeCertificate } from '#shared/identity/judge-certificate.ts'
import { BasicConstraintsExtension, X509CertificateGenerator } from '#shared/identity/x509.ts'
import { installation, someAuthority, someNode } from '#test/support/identity.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { newSerial, openAuthority, signing } from './authority.ts'
import { openAuthorities } from './open-authorities.ts'
import { rotate } from './rotate.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const day = 24 * 3_600_000
const secret = Buffer.alloc(32, 9)
const ours = { installation, secret, outside: [], now }

t.test('the authority is the same at each start, and its key is in no row', async (t) => {
  await using store = await memoryStore()
  const first = await openAuthorities({ ...ours, store })
  const again = await openAuthorities({ ...ours, store, now: now + day })
  t.equal(again.active.id, first.active.id)
  t.match(first.kept, [{ state: 'active', sealedKey: /^s1\./, notAfter: first.active.notAfter }])
  t.equal(first.trusted.length, 1)
})

t.test('an authority that somebody else has made signs from the first start on, and keeps its key', async (t) => {
  await using store = await memoryStore()
  const outside = await someAuthority(now)
  const { active, kept } = await openAuthorities({ ...ours, store, outside: [outside] })
  t.equal(active.id, outside.id)
  t.match(kept, [{ id: outside.id, sealedKey: '', state: 'active' }])
  await t.rejects(openAuthorities({ ...ours, store }), { code: 'AUTHORITY_UNUSABLE', remedy: /identity\.authority/ })
})

t.test(
  'one that was renewed with the same key goes on: what it signed and signs counts by the newer certificate',
  async (t) => {
    await using store = await memoryStore()
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const until = async (notAfter: number) => {
      const times = { notBefore: new Date(now - day), notAfter: new Date(notAfter) }
      const extensions = [new BasicConstraintsExtension(true, 0, true)]
      const wish = { name: 'CN=Somebody', keys, signingAlgorithm: signing, ...times, extensions }
      const certificate = await X509CertificateGenerator.createSelfSigned({ ...wish, serialNumber: newSerial() })
      return openAuthority(certificate.toString('pem'), pkcs8)
    }
    const parts = { ...ours, store, installation }
    await openAuthorities({ ...parts, outside: [await until(now + day)] })
    const late = now + 2 * day
    const authorities = await openAuthorities({ ...parts, outside: [await until(now + 90 * day)], now: late })
    t.equal(authorities.kept[0]?.notAfter, now + 90 * day)
    const { pem } = await someNode(authorities.active, { now: late })
    const read = readNodeCertificate(pem)
    if (read.kind === 'unreadable') throw new Error(read.why)
    const trust = { installation, authorities: authorities.trusted }
    const nothing = { enrolments: new Map<string, number>(), serials: new Set<string>() }
    t.match(judgeCertificate(read.certificate, late, trust, nothing), { may: 'all' })
  },
)

t.test('where another one signs already, one that somebody else has made takes its turn', async (t) => {
  await using store = await memoryStore()
  const parts = { ...ours, store }
  const before = await openAuthorities(parts)
  const outside = await someAuthority(now)
  for (const opened of [
    await openAuthorities({ ...parts, outside: [outside] }),
    await openAuthorities({ ...parts, outside: [outside] }),
  ]) {
    t.equal(opened.active.id, before.active.id)
    t.match(opened.kept, [{ state: 'active' }, { id: outside.id, state: 'next' }])
    t.equal(opened.trusted.length, 2)
  }
  const confirmed = { now: now + day, asked: false, confirmed: true }
  t.match(await rotate(parts, confirmed), { kind: 'activate', id: outside.id })
  t.equal((await openAuthorities({ ...parts, outside: [outside] })).active.id, outside.id)
  t.equal(
    await rotate(parts, { ...confirmed, now: outside.notAfter - day, confirmed: false }).then((step) => step?.kind),
    'retire',
  )
  t.equal(await rotate(parts, { ...confirmed, now: outside.notAfter - day }), undefined, 'none of ours takes its place')
})

t.test(
  'from one that somebody else has made another one takes over by configuration, and both keep their keys',
  async (t) => {
    await using store = await memoryStore()
    const parts = { ...ours, store }
    const [first, second] = [await someAuthority(now), await someAuthority(now)]
    await openAuthorities({ ...parts, outside: [first] })
    const both = { ...parts, outside: [second, first] }
    const meanwhile = await openAuthorities(both)
    t.equal(meanwhile.active.id, first.id, 'until nodes trust the next one the former signs')
    t.match(meanwhile.kept, [
      { id: first.id, state: 'active' },
      { id: second.id, state: 'next', sealedKey: '' },
    ])
    t.equal(meanwhile.trusted.length, 2)
    t.match(await rotate(parts, { now: now + day, asked: false, confirmed: true }), { kind: 'activate', id: second.id })
    const after = await openAuthorities(both)
    t.equal(after.active.id, second.id)
    t.match(after.kept, [
      { id: first.id, state: 'retiring' },
      { id: second.id, state: 'active' },
    ])
    const alone = await openAuthorities({ ...parts, outside: [second] })
    t.equal(alone.trusted.length, 2, 'what the former has signed counts without its key')
    await t.rejects(openAuthorities({ ...parts, outside: [first] }), {
      code: 'AUTHORITY_UNUSABLE',
      remedy: /behind the one that is to follow/,
    })
  },
)

t.test('a store in which nobody signs is refused', async (t) => {
  await using store = await memoryStore()
  const { active } = await openAuthorities({ ...ours, store })
  await store.changeAuthorities([{ id: active.id, from: 'active', to: 'retired', at: now }])
  await t.rejects(openAuthorities({ ...ours, store }), { code: 'AUTHORITY_UNUSABLE', message: /None/ })
})
