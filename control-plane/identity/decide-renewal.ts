import type { FailureCode } from '#shared/failure/catalogue.ts'
import type { NodeCertificate } from '#shared/identity/certificate.ts'
import type { Judged } from '#shared/identity/judge-certificate.ts'
import type { StoredIdentity } from '../fleet/identity.ts'

export type RenewalFacts = {
  /** The certificate of the connection over which it is asked, and what became of judging it. */
  readonly certificate: NodeCertificate
  readonly judged: Judged
  /** The key of the request, which its maker has proven to have. */
  readonly key: string
  /** The machine that it says it is on. */
  readonly machine: string
  readonly known: StoredIdentity | undefined
  /** Certificates that were issued up to then are held; 0: none. */
  readonly heldUntil: number
  /** When a backup was restored last; 0: never. What came after the backup is not known. */
  readonly restoredAt: number
}

type Refusal = Extract<FailureCode, `CERTIFICATE_${string}` | `IDENTITY_${string}`>

export type Renewal =
  /** It gets a certificate for the scope; serial and times are filled in when that is signed. */
  | { readonly kind: 'issue'; readonly identity: StoredIdentity }
  | { readonly kind: 'refuse'; readonly code: Refusal; readonly why: string }

/**
 * What becomes of a node that asks for its next certificate. The scope is what is kept here now, whatever the old certificate says. A key
 * may be replaced; with the one before it nothing is got but a certificate of the new one, until that has been used for a renewal.
 */
export function decideRenewal(facts: RenewalFacts): Renewal {
  const { certificate, judged, key, heldUntil } = facts
  if (judged.may === 'nothing') return { kind: 'refuse', code: judged.code, why: judged.why }
  const { node, scope } = judged
  if (certificate.issuedAt <= heldUntil) {
    return refuse('IDENTITY_HELD', `it was issued before ${new Date(heldUntil).toISOString()}`)
  }
  const known = knownOrLost(facts)
  if (!known || known.state === 'waiting') return refuse('IDENTITY_UNKNOWN', `${node} is not known here`)
  if (known.state === 'revoked') return refuse('CERTIFICATE_REVOKED', `${node} was revoked`)
  if (scope.enrolment !== known.scope.enrolment) {
    return refuse(
      'IDENTITY_SUPERSEDED',
      `it is of the enrolment ${scope.enrolment}, and ${known.scope.enrolment} holds`,
    )
  }
  // Who has the former key gets again what he has asked for, whose answer may be lost; he never puts another key in the place of the new one.
  const isLost = certificate.key === known.formerKey && key === known.key
  if (certificate.key !== known.key && !isLost) {
    return refuse('IDENTITY_KEY_REPLACED', `the key of ${node} was replaced`)
  }
  const formerKey = key === certificate.key ? undefined : certificate.key
  return { kind: 'issue', identity: { ...known, key, formerKey } }
}

/** What a restored backup has forgotten is as its certificate says: we have signed it. */
function knownOrLost({
  certificate,
  judged,
  machine: here,
  known,
  restoredAt,
}: RenewalFacts): StoredIdentity | undefined {
  if (judged.may === 'nothing' || certificate.issuedAt > restoredAt) return known
  const { scope, node, key, serial, issuedAt, notAfter } = certificate
  // Who was let in after the restore, and has not fetched his certificate yet, was let in by somebody who knew what he did.
  if (known && (known.serial === '' || known.scope.enrolment > scope.enrolment || known.issuedAt >= issuedAt))
    return known
  const { version = 0, machine = here, enrolledBy = '', pending } = known ?? {}
  const state = known?.state === 'revoked' && known.scope.enrolment === scope.enrolment ? 'revoked' : 'enrolled'
  // A key that was replaced after the backup is the newer one.
  const whose = { key, formerKey: undefined, scope: known?.scope.enrolment === scope.enrolment ? known.scope : scope }
  return { node, state, machine, ...whose, pending, serial, issuedAt, notAfter, enrolledBy, version }
}

function refuse(code: Refusal, why: string): Renewal {
  return { kind: 'refuse', code, why }
}
