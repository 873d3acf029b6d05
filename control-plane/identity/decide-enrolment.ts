import type { FailureCode } from '#shared/failure/catalogue.ts'
import type { Grant, Scope } from '#shared/identity/scope.ts'
import type { Pending, StoredIdentity, StoredToken } from '../fleet/identity.ts'

/** Who asks to be enrolled, and has proven that the key is his. */
export type Applicant = {
  readonly node: string
  readonly machine: string
  readonly site: string
  /** What `keyHash` says of its key. */
  readonly key: string
}

export type EnrolmentFacts = {
  readonly applicant: Applicant
  /** The token that the applicant showed, with what `secretHash` says of its secret; undefined: none of that id is known. */
  readonly token: StoredToken | undefined
  readonly secretHash: string
  /** Who the node is as far as it is known. */
  readonly known: StoredIdentity | undefined
  /** The enrolments of the node up to this number were revoked; 0: none was. */
  readonly revoked: number
  /** Of certificates that were issued up to then it is not known which were revoked; 0: of all it is. */
  readonly heldUntil: number
  /** Epoch milliseconds. */
  readonly now: number
}

/** Why somebody is not let in. */
export type Refusal = Extract<
  FailureCode,
  | 'ENROLMENT_OUT_OF_SCOPE'
  | 'ENROLMENT_REFUSED'
  | 'ENROLMENT_TOKEN_EXPIRED'
  | 'ENROLMENT_TOKEN_USED'
  | 'ENROLMENT_WAITING'
>

/** What becomes of an enrolment. Where `uses` is 1 the token loses a use with the change, or nothing happens. */
export type Enrolment =
  /** It gets a certificate for the scope; serial and times are filled in when that is signed. */
  | { readonly kind: 'issue'; readonly identity: StoredIdentity; readonly uses: 0 | 1 }
  /** It waits until somebody approves. `identity` is undefined where it waits already. */
  | { readonly kind: 'wait'; readonly identity: StoredIdentity | undefined; readonly uses: 0 | 1 }
  | { readonly kind: 'refuse'; readonly code: Refusal; readonly why: string }

export const tokenUnknown = 'the token is not known here'

/**
 * What becomes of somebody who asks to be enrolled with a token. A node that was never known is let in by a token alone. One that is
 * known, with this key and on this machine, gets another certificate. Whoever else asks for a node that is known waits for approval, and
 * changes nothing for who has it.
 */
export function decideEnrolment(facts: EnrolmentFacts): Enrolment {
  const { applicant, token, secretHash, known, revoked, heldUntil, now } = facts
  // One answer for both: who tries ids learns nothing.
  if (!token || token.secretHash !== secretHash) return refuse('ENROLMENT_REFUSED', tokenUnknown)
  const counts = known !== undefined && known.scope.enrolment > revoked && !isHeld(known, heldUntil)
  if (known?.state === 'enrolled' && counts && isSame(known, applicant)) {
    // Its answer was lost, or it was approved: the token has done its part, and may be used up or over by now.
    if (token.expiresAt <= now && known.enrolledBy !== token.id) return expired(token)
    return { kind: 'issue', identity: known, uses: 0 }
  }
  if (known?.pending) {
    if (isSame(known.pending, applicant)) return { kind: 'wait', identity: undefined, uses: 0 }
    return refuse('ENROLMENT_WAITING', `somebody else waits to be ${applicant.node} already`)
  }
  if (token.expiresAt <= now) return expired(token)
  if (token.usesLeft <= 0) return refuse('ENROLMENT_TOKEN_USED', `the token ${token.id} has no use left`)
  const { grant } = token
  if (grant.site !== undefined && grant.site !== applicant.site) {
    return refuse(
      'ENROLMENT_OUT_OF_SCOPE',
      `the token is for the site ${grant.site}, and the node is at ${applicant.site}`,
    )
  }
  if (known === undefined && revoked === 0) {
    return { kind: 'issue', identity: newcomer(applicant, token.id, grant, 1, 'enrolled'), uses: 1 }
  }
  const pending: Pending = { ...asking(applicant), grant, token: token.id, at: now }
  const identity = known ?? newcomer(applicant, token.id, grant, revoked, 'waiting')
  return { kind: 'wait', identity: { ...identity, pending }, uses: 1 }
}

/** No node was let in so often between a backup and its restore. */
const wellAbove = 1_000

/**
 * Who the node is once its pending applicant has been let in: the enrolment is a new one, so that whoever had the node before, or was
 * revoked as it, has nothing any more. Undefined: nobody waits.
 * @param restored a backup was restored: enrolments that came after it are not known, so numbers go on well above them
 */
export function approved(identity: StoredIdentity, revoked: number, restored = false): StoredIdentity | undefined {
  const { pending, node, version, scope } = identity
  if (!pending) return undefined
  const { grant, token, ...applicant } = pending
  const enrolment = Math.max(scope.enrolment, revoked) + (restored ? wellAbove : 1)
  return { ...newcomer({ node, ...applicant }, token, grant, enrolment, 'enrolled'), version }
}

/** What a token grants, as the scope of a certificate. */
export function scopeOf(grant: Grant, site: string, enrolment: number): Scope {
  return { ...grant, v: 1, site: grant.site ?? site, enrolment }
}

/** Who a node is that is let in, or that waits to be. */
export function newcomer(
  { node, machine, key, site }: Applicant,
  enrolledBy: string,
  grant: Grant,
  enrolment: number,
  state: 'enrolled' | 'waiting',
): StoredIdentity {
  const scope = scopeOf(grant, site, enrolment)
  const certificate = { serial: '', issuedAt: 0, notAfter: 0 }
  const none = { formerKey: undefined, pending: undefined, version: 0 }
  return { node, state, machine, key, scope, enrolledBy, ...certificate, ...none }
}

export function asking({ machine, key, site }: Applicant) {
  return { machine, key, site }
}

/** Who was let in and has no certificate yet, was let in by somebody who knew what he did. */
export function isHeld({ serial, issuedAt }: StoredIdentity, heldUntil: number): boolean {
  return serial !== '' && issuedAt <= heldUntil
}

export function isSame(
  known: { readonly key: string; readonly machine: string },
  { key, machine }: Applicant,
): boolean {
  return known.key === key && known.machine === machine
}

function expired({ id, expiresAt }: StoredToken): Enrolment {
  return refuse('ENROLMENT_TOKEN_EXPIRED', `the token ${id} expired at ${new Date(expiresAt).toISOString()}`)
}

function refuse(code: Refusal, why: string): Enrolment {
  return { kind: 'refuse', code, why }
}
