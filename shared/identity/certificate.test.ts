import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { issueServerCertificate } from '#control-plane/identity/issue.ts'
import { installation, newKey, node, scope, someAuthority, someNode } from '#test/support/identity.ts'
import { readNodeCertificate, scopeExtension } from './certificate.ts'
import { judgeCertificate } from './judge-certificate.ts'
import { keyHash } from './key-hash.ts'
import { newToken } from './token.ts'

const authority = await someAuthority()

t.test('a node’s certificate is read as it was issued, from either form', async (t) => {
  const now = Date.parse('2026-11-21T23:00:00.750Z')
  const { publicKey } = await newKey()
  const wide = { ...scope, site: '上海', tenant: '客户', services: ['crm-*'], enrolment: 7 }
  const issued = await someNode(authority, { now, publicKey, scope: wide })
  for (const source of [issued.pem, new X509Certificate(issued.pem).raw]) {
    const read = readNodeCertificate(source)
    t.match(read, {
      kind: 'read',
      certificate: {
        node,
        installation,
        scope: wide,
        serial: issued.serial,
        issuedAt: Date.parse('2026-11-21T23:00:00Z'),
        notBefore: Date.parse('2026-11-21T22:55:00Z'),
        notAfter: Date.parse('2026-11-22T23:00:00Z'),
        key: keyHash(publicKey),
      },
    })
  }
  t.match(issued.serial, /^[0-9A-F]{32}$/)
})

t.test('the largest scope there may be is carried', async (t) => {
  const services = Array.from({ length: 100 }, (_, index) => `服务-${index}-`.padEnd(60, 'x'))
  const ranges = Array.from({ length: 100 }, (_, index) => `2001:db8:${index}::/48`)
  const { pem } = await someNode(authority, { scope: { ...scope, services, ranges } })
  t.match(readNodeCertificate(pem), { kind: 'read', certificate: { scope: { services, ranges } } })
})

t.test('what a token pins is the authority’s key', async (t) => {
  t.equal(newToken(authority.id).pin, keyHash(authority.certificate.publicKey))
})

t.test('what is no node’s certificate is refused with what it lacks', async (t) => {
  const { publicKey } = await newKey()
  const server = await issueServerCertificate(authority, { publicKey, names: ['plane'], now: Date.now() })
  for (const { source, why } of [
    { source: '', why: /no X\.509/ },
    { source: 'hello', why: /no X\.509/ },
    { source: Buffer.alloc(2_000, 0x30), why: /no X\.509/ },
    { source: server.pem, why: /names no node/ },
    { source: authority.pem, why: /names no node/ },
    { source: (await someNode(authority, { node: 'n-ABC' })).pem, why: /names no node/ },
    { source: (await someNode(authority, { installation: 'I/x' })).pem, why: /names no node/ },
    { source: (await someNode(authority, { scope: { ...scope, v: 2 } as never })).pem, why: /scope/ },
    { source: (await someNode(authority, { scope: 'all' as never })).pem, why: /scope/ },
  ]) {
    t.match(readNodeCertificate(source), { kind: 'unreadable', why })
  }
})

t.test('no bytes make the reader throw, and none that were changed are signed any more', async (t) => {
  const { pem } = await someNode(authority)
  const { raw } = new X509Certificate(pem)
  const trust = { installation, authorities: [authority.certificate] }
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(raw)
      changed[at] = (changed[at] ?? 0) ^ change
      const read = readNodeCertificate(changed)
      if (read.kind === 'unreadable') return true
      return (
        judgeCertificate(read.certificate, Date.now(), trust, { enrolments: new Map(), serials: new Set() }).may ===
        'nothing'
      )
    }),
    { numRuns: 1_000 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readNodeCertificate(bytes).kind === 'unreadable'))
  t.match(scopeExtension, /^2\.25\.\d+$/)
})
