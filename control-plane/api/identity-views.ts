import type { Grant } from '#shared/identity/scope.ts'
import type { EnrolmentTokenView, IdentityView } from '#shared/protocol/identity-api.ts'
import type { StoredIdentity, StoredToken } from '../fleet/identity.ts'
import { isoTime } from './iso-time.ts'

export function identityView(identity: StoredIdentity): IdentityView {
  const { node, state, machine, key, scope, serial, issuedAt, notAfter, enrolledBy, pending } = identity
  const certificate = { serial, issued_at: isoTime(issuedAt), not_after: isoTime(notAfter) }
  return {
    ...{ node, state, machine, key, token: enrolledBy },
    ...grantView(scope),
    enrolment: scope.enrolment,
    certificate: serial === '' ? null : certificate,
    waiting: pending
      ? {
          ...{ key: pending.key, machine: pending.machine, token: pending.token, since: isoTime(pending.at) },
          ...grantView({ ...pending.grant, site: pending.grant.site ?? pending.site }),
        }
      : null,
  }
}

export function tokenView({
  id,
  usesLeft,
  expiresAt,
  author,
  createdAt,
  lastUsedAt,
  grant,
}: StoredToken): EnrolmentTokenView {
  return {
    ...{ id, uses_left: usesLeft, by: author },
    expires_at: isoTime(expiresAt),
    created_at: isoTime(createdAt),
    last_used_at: lastUsedAt === undefined ? null : isoTime(lastUsedAt),
    ...grantView(grant),
  }
}

function grantView({ site, tenant, services, ranges, gateways = [], quotas }: Grant) {
  return {
    ...(site === undefined ? {} : { site }),
    ...(tenant === undefined ? {} : { tenant }),
    ...{ services, ranges, gateways, quotas },
  }
}
