import type { X509Certificate } from 'node:crypto'
import type { FailureCode } from '../failure/catalogue.ts'
import type { NodeCertificate } from './certificate.ts'
import type { Scope } from './scope.ts'

/** Whom an installation trusts to sign certificates. */
export type Trust = {
  readonly installation: string
  readonly authorities: readonly X509Certificate[]
}

/** What was revoked. It only ever grows. */
export type Revoked = {
  /** By node: all its enrolments up to this number. */
  readonly enrolments: ReadonlyMap<string, number>
  /** Serial numbers, as certificates are read. */
  readonly serials: ReadonlySet<string>
}

export type Judged =
  | {
      /** renew: it may ask for a new certificate, and do nothing else. */
      readonly may: 'all' | 'renew'
      readonly node: string
      readonly scope: Scope
    }
  | { readonly may: 'nothing'; readonly code: CertificateFault; readonly why: string }

export type CertificateFault = Extract<
  FailureCode,
  'CERTIFICATE_EXPIRED' | 'CERTIFICATE_FOREIGN' | 'CERTIFICATE_REVOKED' | 'CERTIFICATE_TOO_EARLY'
>

/** A certificate that has expired may be renewed for so long. */
export const renewableMs = 30 * 24 * 3_600_000

/**
 * What who shows a certificate, and has proven in the TLS handshake that its key is his, may do. TLS itself is asked for nothing but
 * that: it would refuse what has expired, and knows neither revocations nor installations.
 * @param now epoch milliseconds
 */
export function judgeCertificate(certificate: NodeCertificate, now: number, trust: Trust, revoked: Revoked): Judged {
  const { installation } = certificate
  if (installation !== trust.installation) {
    return nothing(
      'CERTIFICATE_FOREIGN',
      `it is of the installation ${installation}, and this is ${trust.installation}`,
    )
  }
  const authority = trust.authorities.find((each) => signed(each, certificate))
  if (!authority) return nothing('CERTIFICATE_FOREIGN', 'it is signed by no authority that this installation trusts')
  return judgeSigned(certificate, now, authority, revoked)
}

/** The same of a certificate of which it is known that this authority, which is trusted, has signed it: that need not be reckoned again. */
export function judgeSigned(
  { node, scope, serial, notBefore, notAfter }: NodeCertificate,
  now: number,
  authority: X509Certificate,
  revoked: Revoked,
): Judged {
  if (authority.validToDate.getTime() <= now) {
    return nothing(
      'CERTIFICATE_EXPIRED',
      `the authority that signed it expired at ${authority.validToDate.toISOString()}`,
    )
  }
  if (scope.enrolment <= (revoked.enrolments.get(node) ?? 0)) {
    return nothing('CERTIFICATE_REVOKED', `the enrolment ${scope.enrolment} of ${node} was revoked`)
  }
  if (revoked.serials.has(serial)) return nothing('CERTIFICATE_REVOKED', `the certificate ${serial} was revoked`)
  if (now < notBefore) {
    return nothing('CERTIFICATE_TOO_EARLY', `it holds from ${new Date(notBefore).toISOString()}`)
  }
  if (now < notAfter) return { may: 'all', node, scope }
  if (now < notAfter + renewableMs) return { may: 'renew', node, scope }
  return nothing('CERTIFICATE_EXPIRED', `it expired at ${new Date(notAfter).toISOString()}, over 30 days ago`)
}

/** Whether an authority has signed it. */
export function signed(authority: X509Certificate, { x509 }: NodeCertificate): boolean {
  return authority.ca && x509.checkIssued(authority) && x509.verify(authority.publicKey)
}

function nothing(code: CertificateFault, why: string): Judged {
  return { may: 'nothing', code, why }
}
