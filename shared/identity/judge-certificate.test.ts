import fc from 'fast-check'
import t from 'tap'
import { installation, node, scope, someAuthority, someNode } from '#test/support/identity.ts'
import { backdatedMs, type NodeCertificate, readNodeCertificate } from './certificate.ts'
import { judgeCertificate, type Revoked, renewableMs, type Trust } from './judge-certificate.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const day = 24 * 3_600_000
const ends = now + day
const [ours, coming, stranger] = [await someAuthority(now), await someAuthority(now), await someAuthority(now)]
const trust: Trust = { installation, authorities: [ours.certificate, coming.certificate] }
const none: Revoked = { enrolments: new Map(), serials: new Set() }

async function certificate(of = ours, wish: Parameters<typeof someNode>[1] = {}): Promise<NodeCertificate> {
  const read = readNodeCertificate((await someNode(of, { now, ...wish })).pem)
  if (read.kind === 'unreadable') throw new Error(read.why)
  return read.certificate
}

const known = await certificate()

for (const { when, may } of [
  { when: now, may: 'all' },
  { when: now - backdatedMs, may: 'all' },
  { when: now - backdatedMs - 1, may: 'nothing' },
  { when: ends - 1, may: 'all' },
  { when: ends, may: 'renew' },
  { when: ends + 2 * day, may: 'renew' },
  { when: ends + renewableMs - 1, may: 'renew' },
  { when: ends + renewableMs, may: 'nothing' },
]) {
  t.test(`a certificate may ${may} ${(when - now) / 3_600_000} hours after it was issued`, async (t) => {
    t.equal(judgeCertificate(known, when, trust, none).may, may)
  })
}

t.test('who may do something is named, with what he may', async (t) => {
  t.strictSame(judgeCertificate(known, now, trust, none), { may: 'all', node, scope })
})

t.test('any authority that is trusted counts, and no other', async (t) => {
  t.equal(judgeCertificate(await certificate(coming), now, trust, none).may, 'all')
  t.match(judgeCertificate(await certificate(stranger), now, trust, none), { code: 'CERTIFICATE_FOREIGN' })
  t.match(judgeCertificate(known, now, { ...trust, authorities: [] }, none), { code: 'CERTIFICATE_FOREIGN' })
})

t.test('who takes the name of our authority signs nothing', async (t) => {
  const forged = await certificate({ ...stranger, name: ours.name, keyId: ours.keyId })
  t.match(judgeCertificate(forged, now, trust, none), { may: 'nothing', code: 'CERTIFICATE_FOREIGN' })
})

t.test('a certificate of another installation is refused whoever signed it', async (t) => {
  const other = await certificate(ours, { installation: 'i-ffffffffffffffff' })
  t.match(judgeCertificate(other, now, trust, none), { may: 'nothing', code: 'CERTIFICATE_FOREIGN', why: /i-ffff/ })
})

t.test('a node’s certificate signs nothing, whoever signed it', async (t) => {
  const [leaf, below] = [await someNode(ours, { now }), await certificate(ours)]
  const trusted = { ...trust, authorities: [(await readOf(leaf.pem)).x509] }
  t.match(judgeCertificate(below, now, trusted, none), { code: 'CERTIFICATE_FOREIGN' })
})

t.test('what an authority signed does not outlive it', async (t) => {
  const short = await someAuthority(now - 3_650 * day + 3_600_000)
  const signed = await certificate(short)
  t.equal(signed.notAfter, short.notAfter)
  const trusting = { ...trust, authorities: [short.certificate] }
  t.equal(judgeCertificate(signed, now, trusting, none).may, 'all')
  t.match(judgeCertificate(signed, now + 3_600_000, trusting, none), { may: 'nothing', code: 'CERTIFICATE_EXPIRED' })
})

t.test('a revocation of an enrolment ends it and those before, and not those after', async (t) => {
  const revoked = { ...none, enrolments: new Map([[node, 3]]) }
  for (const enrolment of [1, 3]) {
    const each = await certificate(ours, { scope: { ...scope, enrolment } })
    t.match(judgeCertificate(each, now, trust, revoked), { may: 'nothing', code: 'CERTIFICATE_REVOKED' })
    t.match(judgeCertificate(each, ends + day, trust, revoked), { code: 'CERTIFICATE_REVOKED' }, 'nor is it renewed')
  }
  const after = await certificate(ours, { scope: { ...scope, enrolment: 4 } })
  t.equal(judgeCertificate(after, now, trust, revoked).may, 'all')
})

t.test('a revoked serial ends that certificate alone', async (t) => {
  const revoked = { ...none, serials: new Set([known.serial]) }
  t.match(judgeCertificate(known, now, trust, revoked), { code: 'CERTIFICATE_REVOKED' })
  t.equal(judgeCertificate(await certificate(), now, trust, revoked).may, 'all')
})

t.test('time only ever takes away, and a revocation lets nobody do more', async (t) => {
  const much = { nothing: 0, renew: 1, all: 2 }
  const may = (when: number, revoked: Revoked) => much[judgeCertificate(known, when, trust, revoked).may]
  const time = fc.integer({ min: now, max: now + 60 * day })
  const revoking = fc.record({
    enrolments: fc.array(fc.tuple(fc.constantFrom(node, 'n-other'), fc.nat(3))).map((all) => new Map(all)),
    serials: fc.array(fc.constantFrom(known.serial, 'other')).map((all) => new Set(all)),
  })
  fc.assert(
    fc.property(time, time, revoking, (a, b, revoked) => {
      const [early, late] = [Math.min(a, b), Math.max(a, b)]
      return may(late, revoked) <= may(early, revoked) && may(early, revoked) <= may(early, none)
    }),
    { numRuns: 200 },
  )
  t.pass()
})

async function readOf(pem: string): Promise<NodeCertificate> {
  const read = readNodeCertificate(pem)
  if (read.kind === 'unreadable') throw new Error(read.why)
  return read.certificate
}
