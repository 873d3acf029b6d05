import type { Pending, Revocation, StoredIdentity } from '../fleet/identity.ts'
import { type Applicant, asking, isHeld, isSame, newcomer, type Refusal, scopeOf } from './decide-enrolment.ts'
import { revoked as revokedIdentity } from './revoke.ts'
import type { Vouched } from './vouched.ts'

export type VouchedFacts = {
  readonly applicant: Applicant
  readonly vouched: Extract<Vouched, { kind: 'vouched' }>
  readonly known: StoredIdentity | undefined
  /** See `EnrolmentFacts`. */
  readonly revoked: number
  readonly heldUntil: number
  /** Epoch milliseconds. */
  readonly now: number
}

export type VouchedEnrolment =
  /** It gets a certificate; `revocations` end what who was the node before has. */
  | { readonly kind: 'issue'; readonly identity: StoredIdentity; readonly revocations: readonly Revocation[] }
  | { readonly kind: 'wait'; readonly identity: StoredIdentity | undefined }
  | { readonly kind: 'refuse'; readonly code: Refusal; readonly why: string }

/**
 * What becomes of somebody for whom a Kubernetes cluster vouches. The node follows from what is vouched for, so whoever is vouched for now is
 * that node, with a new key too: a container that has lost its disk. What an operator has revoked stays so until he lets it in.
 */
export function decideVouched(facts: VouchedFacts): VouchedEnrolment {
  const { applicant, vouched, known, revoked, heldUntil, now } = facts
  const { by, grant } = vouched
  if (applicant.node !== vouched.node || applicant.machine !== vouched.machine) {
    return refuse(
      'ENROLMENT_OUT_OF_SCOPE',
      `its token is that of ${vouched.node} on ${vouched.machine}: identity.kubernetes.node of the agent has to be as in the row that lets it in`,
    )
  }
  if (grant.site !== undefined && grant.site !== applicant.site) {
    return refuse(
      'ENROLMENT_OUT_OF_SCOPE',
      `${by} is let in for the site ${grant.site}, and the node is at ${applicant.site}`,
    )
  }
  if (known === undefined && revoked === 0) {
    return { kind: 'issue', identity: newcomer(applicant, by, grant, 1, 'enrolled'), revocations: [] }
  }
  const counts = known?.state === 'enrolled' && known.scope.enrolment > revoked && !isHeld(known, heldUntil)
  if (known && counts) {
    if (isSame(known, applicant)) {
      // The list may have changed since.
      const scope = scopeOf(grant, applicant.site, known.scope.enrolment)
      return { kind: 'issue', identity: { ...known, scope, enrolledBy: by }, revocations: [] }
    }
  }
  // What an id follows from, each cluster says of its own: it is not for one to say who a node of another is.
  if (known && counts && clusterOf(known.enrolledBy) === clusterOf(by)) {
    const next = newcomer(applicant, by, grant, known.scope.enrolment + 1, 'enrolled')
    const why = 'its cluster vouches for another key'
    const { revocations } = revokedIdentity(known, { at: now, by, why })
    return { kind: 'issue', identity: { ...next, version: known.version }, revocations }
  }
  if (known?.pending) {
    if (isSame(known.pending, applicant)) return { kind: 'wait', identity: undefined }
    return refuse('ENROLMENT_WAITING', `somebody else waits to be ${applicant.node} already`)
  }
  const pending: Pending = { ...asking(applicant), grant, token: by, at: now }
  const identity = known ?? newcomer(applicant, by, grant, revoked, 'waiting')
  return { kind: 'wait', identity: { ...identity, pending } }
}

/** Of `kubernetes:<cluster>/<namespace>/<service account>`. */
function clusterOf(by: string): string | undefined {
  return by.split('/', 1)[0]
}

function refuse(code: Refusal, why: string): VouchedEnrolment {
  return { kind: 'refuse', code, why }
}
