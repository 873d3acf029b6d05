import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { installation, newKey, node, requestOf, scope, someAuthority } from '#test/support/identity.ts'
import { newAuthority, newSerial, openAuthority } from './authority.ts'
import { issueNodeCertificate, issueServerCertificate } from './issue.ts'
import { readRequest } from './read-request.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

t.test('an authority may sign certificates of others, and no authorities', async (t) => {
  const { certificate, notAfter } = await someAuthority(now)
  t.ok(certificate.ca)
  t.ok(certificate.verify(certificate.publicKey))
  t.equal(notAfter, now + 3_650 * 24 * 3_600_000)
  t.match(certificate.subject, new RegExp(`^CN=Heddle ${installation} [0-9a-f]{8}$`))
})

t.test('an authority that is opened again is the same, and its key does not leave it', async (t) => {
  const { authority, pkcs8 } = await newAuthority(installation, now)
  const again = await openAuthority(authority.pem, pkcs8)
  t.equal(again.id, authority.id)
  const { publicKey } = await newKey()
  const issued = await issueNodeCertificate(again, { publicKey, installation, node, scope, now })
  t.ok(new X509Certificate(issued.pem).verify(authority.certificate.publicKey))
  t.notOk(again.key.extractable || authority.key.extractable)
})

t.test('an authority that has ended signs nothing', async (t) => {
  const authority = await someAuthority(now)
  const { publicKey } = await newKey()
  const late = { publicKey, installation, node, scope, now: authority.notAfter }
  await t.rejects(issueNodeCertificate(authority, late), { code: 'AUTHORITY_UNUSABLE' })
})

t.test('nothing but the key of a request is taken', async (t) => {
  const authority = await someAuthority(now)
  const { pair, publicKey } = await newKey()
  const { SubjectAlternativeNameExtension, BasicConstraintsExtension } = await import('#shared/identity/x509.ts')
  const request = await readRequest(
    await requestOf(pair, {
      name: 'CN=n-zzzzzzzzzzzz, O=system:masters',
      extensions: [
        new BasicConstraintsExtension(true, 9, true),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: 'plane.example' }]),
      ],
    }),
  )
  if (request.kind === 'invalid') throw new Error(request.why)
  t.strictSame(Buffer.from(request.publicKey), Buffer.from(publicKey))
  const { pem } = await issueNodeCertificate(authority, {
    publicKey: request.publicKey,
    installation,
    node,
    scope,
    now,
  })
  const certificate = new X509Certificate(pem)
  t.equal(certificate.ca, false)
  t.equal(certificate.subject, `CN=${node}`)
  t.equal(certificate.subjectAltName, `URI:spiffe://${installation}/node/${node}`)
  t.match(readNodeCertificate(pem), { certificate: { key: request.key } })
})

t.test('a server’s certificate is for its names and addresses, each once', async (t) => {
  const authority = await someAuthority(now)
  const { publicKey } = await newKey()
  const names = ['plane.example', '10.0.0.1', 'fd00::1', 'plane.example', 'localhost']
  const { pem, notAfter } = await issueServerCertificate(authority, { publicKey, names, now })
  const certificate = new X509Certificate(pem)
  t.equal(
    certificate.subjectAltName,
    'DNS:plane.example, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, DNS:localhost',
  )
  for (const name of ['plane.example', 'localhost']) t.ok(certificate.checkHost(name))
  for (const address of ['10.0.0.1', 'fd00::1']) t.ok(certificate.checkIP(address))
  t.notOk(certificate.checkHost('other.example'))
  t.equal(notAfter, now + 30 * 24 * 3_600_000)
  t.equal(readNodeCertificate(pem).kind, 'unreadable')
})

t.test('a server with a long name has a certificate all the same', async (t) => {
  const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
  const { publicKey } = await newKey()
  const { pem } = await issueServerCertificate(await someAuthority(now), { publicKey, names: [name], now })
  t.ok(new X509Certificate(pem).checkHost(name))
})

t.test('serial numbers are random, positive and of one length', async (t) => {
  const all = Array.from({ length: 500 }, newSerial)
  t.equal(new Set(all).size, 500)
  for (const serial of all) if (!/^[4-7][0-9A-F]{31}$/.test(serial)) t.fail(serial)
})
