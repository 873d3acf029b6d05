import * as z from 'zod/mini'
import type { FailureCode } from '#shared/failure/catalogue.ts'
import { Failure } from '#shared/failure/failure.ts'
import { type NodeCertificate, readNodeCertificate } from '#shared/identity/certificate.ts'
import { type Judged, judgeCertificate } from '#shared/identity/judge-certificate.ts'
import { isOurs, readToken, secretHash } from '#shared/identity/token.ts'
import { EnrolRequest as EnrolRequestSchema } from '#shared/protocol/identity-api.ts'
import type { IdentityStore, StoredIdentity } from '../fleet/identity.ts'
import type { RevokedNow } from '../fleet/revoked.ts'
import { approved, decideEnrolment, tokenUnknown } from './decide-enrolment.ts'
import { decideRenewal } from './decide-renewal.ts'
import { decideVouched, type VouchedFacts } from './decide-vouched.ts'
import { issueNodeCertificate } from './issue.ts'
import type { Authorities } from './open-authorities.ts'
import { readRequest } from './read-request.ts'
import { revoked } from './revoke.ts'
import type { Vouched } from './vouched.ts'

export type EnrolParts = {
  readonly store: Pick<IdentityStore, 'token' | 'identity' | 'changeIdentity'>
  readonly installation: string
  readonly authorities: () => Authorities
  readonly revocations: () => RevokedNow
  /** When a backup was restored last, epoch milliseconds; 0: never. */
  readonly restoredAt: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
  /**
   * Who somebody is that shows a token of somebody else's making; undefined: it is of nobody who vouches for others. Rejects where nobody
   * can say so now. Left out: nobody vouches.
   */
  readonly vouch?: (token: string) => Promise<Vouched | undefined>
}

export type EnrolRequest = {
  /** As `tokenText` writes it, or one of a service account of Kubernetes. */
  readonly token: string
  /** PKCS #10, PEM. */
  readonly csr: string
  readonly node: string
  readonly machine: string
  readonly site: string
}

export type RenewRequest = {
  /** What was shown in the TLS handshake, DER. */
  readonly certificate: Uint8Array
  readonly csr: string
  readonly machine: string
}

export type Answered =
  /** Its certificate and that of the authority that signed it, PEM; and all that it is to trust from now on. */
  | { readonly kind: 'issued'; readonly certificate: string; readonly trust: string; readonly identity: StoredIdentity }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'refused'; readonly code: FailureCode; readonly why: string }

/** Others change the same node now and then; nobody does so again and again. */
const mostTries = 5

/** Enrols a node by a token, or lets it wait, or refuses it. Rejects as the store does. */
export async function enrol(parts: EnrolParts, request: EnrolRequest): Promise<Answered> {
  const { store, revocations, now } = parts
  const vouched = parts.vouch && !isOurs(request.token) ? await parts.vouch(request.token) : undefined
  if (vouched?.kind === 'refused') return refused('ENROLMENT_REFUSED', vouched.why)
  if (vouched) return enrolVouched(parts, request, vouched)
  const read = readToken(request.token)
  if (read.kind === 'unreadable') return refused('ENROLMENT_TOKEN_UNREADABLE', read.why)
  const hash = secretHash(read.token.secret)
  // For who has no token nothing is reckoned that costs more than this.
  if ((await store.token(read.token.id))?.secretHash !== hash) return refused('ENROLMENT_REFUSED', tokenUnknown)
  const csr = await readRequest(request.csr)
  if (csr.kind === 'invalid') return refused('ENROLMENT_REQUEST_INVALID', csr.why)
  // A certificate that nobody could read would cost a use.
  if (!z.safeParse(EnrolRequestSchema, request).success) {
    return refused('ENROLMENT_REQUEST_INVALID', 'its node, machine or site is none')
  }
  const { node, machine, site } = request
  return tried(async () => {
    const [token, known] = [await store.token(read.token.id), await store.identity(node)]
    const at = now()
    const applicant = { node, machine, site, key: csr.key }
    const { enrolments, heldUntil } = revocations()
    const revoked = enrolments.get(node) ?? 0
    const decided = decideEnrolment({ applicant, token, secretHash: hash, known, revoked, heldUntil, now: at })
    if (decided.kind === 'refuse') return refused(decided.code, decided.why)
    if (!decided.identity) return { kind: 'waiting' }
    const use = decided.uses === 1 ? { token: { id: read.token.id, secretHash: hash, now: at } } : {}
    if (decided.kind === 'wait') {
      const end = await store.changeIdentity({ identity: decided.identity, ...use })
      return end === 'changed' ? { kind: 'waiting' } : undefined
    }
    return issued(parts, decided.identity, csr.publicKey, at, use)
  })
}

/** The same for somebody for whom a Kubernetes cluster vouches. */
async function enrolVouched(
  parts: EnrolParts,
  request: EnrolRequest,
  vouched: VouchedFacts['vouched'],
): Promise<Answered> {
  const { store, revocations, now } = parts
  const csr = await readRequest(request.csr)
  if (csr.kind === 'invalid') return refused('ENROLMENT_REQUEST_INVALID', csr.why)
  if (!z.safeParse(EnrolRequestSchema, request).success) {
    return refused('ENROLMENT_REQUEST_INVALID', 'its node, machine or site is none')
  }
  const { node, machine, site } = request
  return tried(async () => {
    const known = await store.identity(node)
    const at = now()
    const { enrolments, heldUntil } = revocations()
    const decided = decideVouched({
      applicant: { node, machine, site, key: csr.key },
      ...{ vouched, known, heldUntil, revoked: enrolments.get(node) ?? 0, now: at },
    })
    if (decided.kind === 'refuse') return refused(decided.code, decided.why)
    if (decided.kind === 'issue') return issued(parts, decided.identity, csr.publicKey, at, decided)
    if (!decided.identity) return { kind: 'waiting' }
    return (await store.changeIdentity({ identity: decided.identity })) === 'changed' ? { kind: 'waiting' } : undefined
  })
}

/** Gives a node its next certificate, or refuses it. Rejects as the store does. */
export async function renew(parts: EnrolParts, request: RenewRequest): Promise<Answered> {
  const shown = readNodeCertificate(request.certificate)
  if (shown.kind === 'unreadable') return refused('CERTIFICATE_FOREIGN', shown.why)
  const { certificate } = shown
  const first = judged(parts, certificate, parts.now())
  if (first.may === 'nothing') return refused(first.code, first.why)
  const csr = await readRequest(request.csr)
  if (csr.kind === 'invalid') return refused('ENROLMENT_REQUEST_INVALID', csr.why)
  return tried(async () => {
    const at = parts.now()
    const facts = {
      certificate,
      judged: judged(parts, certificate, at),
      key: csr.key,
      machine: request.machine,
      known: await parts.store.identity(certificate.node),
      heldUntil: parts.revocations().heldUntil,
      restoredAt: parts.restoredAt(),
    }
    const decided = decideRenewal(facts)
    if (decided.kind === 'refuse') return refused(decided.code, decided.why)
    return issued(parts, decided.identity, csr.publicKey, at)
  })
}

/** What who shows a certificate may do now. */
export function judged(
  { installation, authorities, revocations }: Pick<EnrolParts, 'installation' | 'authorities' | 'revocations'>,
  certificate: NodeCertificate,
  now: number,
): Judged {
  return judgeCertificate(certificate, now, { installation, authorities: authorities().trusted }, revocations())
}

/**
 * Lets in who waits to be a node. Who had it before is revoked by that. Rejects with NOT_FOUND if nobody waits, with VERSION_CHANGED if
 * it is another one than was looked at.
 * @param key of who is to be let in, as it was shown
 */
export async function approve(parts: EnrolParts, node: string, key: string, by: string): Promise<StoredIdentity> {
  const { store, revocations, restoredAt, now } = parts
  const known = await store.identity(node)
  const next = known && approved(known, revocations().enrolments.get(node) ?? 0, restoredAt() > 0)
  if (!known || !next) throw new Failure('NOT_FOUND', `Nobody waits to be ${node}.`)
  if (next.key !== key) throw new Failure('VERSION_CHANGED', `Somebody else waits to be ${node} now.`)
  const former = { ...known, scope: { ...known.scope, enrolment: next.scope.enrolment - 1 } }
  const before = revoked(former, { at: now(), by, why: 'another was let in for it' }).revocations
  if ((await store.changeIdentity({ identity: next, revocations: before })) === 'changed') return next
  throw new Failure('VERSION_CHANGED', `${node} has changed meanwhile.`, { retryable: true })
}

async function issued(
  { store, installation, authorities }: EnrolParts,
  identity: StoredIdentity,
  publicKey: Uint8Array,
  now: number,
  { token, revocations }: Pick<Parameters<IdentityStore['changeIdentity']>[0], 'token' | 'revocations'> = {},
): Promise<Answered | undefined> {
  const { active, trusted } = authorities()
  const { node, scope } = identity
  const { pem, serial, issuedAt, notAfter } = await issueNodeCertificate(active, {
    publicKey,
    installation,
    node,
    scope,
    now,
  })
  const written = { ...identity, serial, issuedAt, notAfter }
  // Nobody has the certificate before it is known that it was given.
  const more = { ...(token ? { token } : {}), ...(revocations?.length ? { revocations } : {}) }
  if ((await store.changeIdentity({ identity: written, ...more })) !== 'changed') return undefined
  const trust = trusted.map((each) => each.toString()).join('')
  return { kind: 'issued', certificate: pem + active.pem + active.above, trust, identity: written }
}

async function tried(attempt: () => Promise<Answered | undefined>): Promise<Answered> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const answered = await attempt()
    if (answered) return answered
  }
  throw new Failure('STORE_OVERLOADED', 'Others change the same node all the time.', { retryable: true })
}

function refused(code: FailureCode, why: string): Answered {
  return { kind: 'refused', code, why }
}
