import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { judgeCertificate } from '#shared/identity/judge-certificate.ts'
import { installation, someAuthority, someNode } from '#test/support/identity.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const authority = await someAuthority(now)
const stranger = await someAuthority(now)
const node = await someNode(authority, { now })
const other = await someNode(stranger, { now })
const own = new X509Certificate(node.pem).raw
const trust = { installation, authorities: [new X509Certificate(authority.pem)] }
const revoked = { enrolments: new Map<string, number>(), serials: new Set<string>() }
const deep = Buffer.concat(Array.from({ length: 3_000 }, () => Buffer.from([0x30, 0x80])))

/** Certificates as anybody may show them. Nothing but what the authority has signed is let in. */
export const target = targetOf({
  arbitrary: fc.oneof(
    mutated([own, new X509Certificate(other.pem).raw, new X509Certificate(authority.pem).raw, deep]),
    mutated([Buffer.from(node.pem)], ['-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n']).map(String),
  ),
  run: (source) => {
    const read = readNodeCertificate(source)
    if (read.kind === 'unreadable') return 'refused'
    const judged = judgeCertificate(read.certificate, now, trust, revoked)
    if (judged.may === 'nothing') return 'refused'
    promise(read.certificate.x509.raw.equals(own), 'what nobody signed is let in')
    return 'taken'
  },
})
