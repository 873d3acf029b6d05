import type { Insertable, Selectable } from 'kysely'
import type { Revocation, StoredAuthority, StoredIdentity, StoredToken } from '../../fleet/identity.ts'
import type { Authorities, EnrolmentTokens, Identities, Revocations } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'

export function authorityRow(authority: StoredAuthority): Insertable<Authorities> {
  const { id, certificate, sealedKey, secretCheck, state, since, createdAt, notAfter } = authority
  return {
    authority_id: id,
    certificate,
    sealed_key: sealedKey,
    secret_check: secretCheck,
    state,
    since: isoTime(since),
    created_at: isoTime(createdAt),
    not_after: isoTime(notAfter),
  }
}

export function authorityOf(row: Selectable<Authorities>): StoredAuthority {
  return {
    id: row.authority_id,
    certificate: row.certificate,
    sealedKey: row.sealed_key,
    secretCheck: row.secret_check,
    state: row.state as StoredAuthority['state'],
    since: Date.parse(row.since),
    createdAt: Date.parse(row.created_at),
    notAfter: Date.parse(row.not_after),
  }
}

export function tokenRow(token: StoredToken): Insertable<EnrolmentTokens> {
  return {
    token_id: token.id,
    secret_hash: token.secretHash,
    uses_left: token.usesLeft,
    expires_at: isoTime(token.expiresAt),
    scope: JSON.stringify(token.grant),
    author: token.author,
    created_at: isoTime(token.createdAt),
    last_used_at: token.lastUsedAt === undefined ? null : isoTime(token.lastUsedAt),
  }
}

export function tokenOf(row: Selectable<EnrolmentTokens>): StoredToken {
  return {
    id: row.token_id,
    secretHash: row.secret_hash,
    usesLeft: row.uses_left,
    expiresAt: Date.parse(row.expires_at),
    grant: JSON.parse(row.scope),
    author: row.author,
    createdAt: Date.parse(row.created_at),
    lastUsedAt: row.last_used_at === null ? undefined : Date.parse(row.last_used_at),
  }
}

/** With the version that it has once it is written. */
export function identityRow(identity: StoredIdentity): Insertable<Identities> {
  return {
    node_id: identity.node,
    state: identity.state,
    machine_id: identity.machine,
    public_key: identity.key,
    former_key: identity.formerKey ?? null,
    scope: JSON.stringify(identity.scope),
    pending: identity.pending === undefined ? null : JSON.stringify(identity.pending),
    serial: identity.serial,
    issued_at: isoTime(identity.issuedAt),
    not_after: isoTime(identity.notAfter),
    enrolled_by: identity.enrolledBy,
    version: identity.version + 1,
  }
}

export function identityOf(row: Selectable<Identities>): StoredIdentity {
  return {
    node: row.node_id,
    state: row.state as StoredIdentity['state'],
    machine: row.machine_id,
    key: row.public_key,
    formerKey: row.former_key ?? undefined,
    scope: JSON.parse(row.scope),
    pending: row.pending === null ? undefined : JSON.parse(row.pending),
    serial: row.serial,
    issuedAt: Date.parse(row.issued_at),
    notAfter: Date.parse(row.not_after),
    enrolledBy: row.enrolled_by,
    version: row.version,
  }
}

export function revocationRow(revocation: Revocation): Insertable<Revocations> {
  const { subject, kind, at, by, why, endsAt } = revocation
  return {
    subject,
    kind,
    node_id: 'node' in revocation ? revocation.node : '',
    enrolment: 'enrolment' in revocation ? revocation.enrolment : null,
    serial: 'serial' in revocation ? revocation.serial : null,
    until: 'until' in revocation ? isoTime(revocation.until) : null,
    at: isoTime(at),
    by,
    why,
    ends_at: isoTime(endsAt),
  }
}

export function revocationOf(row: Selectable<Revocations>): Revocation {
  const { subject, node_id: node, by, why } = row
  const common = { subject, at: Date.parse(row.at), by, why, endsAt: Date.parse(row.ends_at) }
  const kind = row.kind as Revocation['kind']
  switch (kind) {
    case 'enrolment':
      return { ...common, kind, node, enrolment: row.enrolment ?? 0 }
    case 'serial':
      return { ...common, kind, node, serial: row.serial ?? '' }
    case 'held':
    case 'released':
      return { ...common, kind, until: Date.parse(row.until ?? row.at) }
  }
}
