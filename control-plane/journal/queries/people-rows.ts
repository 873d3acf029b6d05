import type { Insertable, Selectable } from 'kysely'
import { type Role, roles } from '#shared/access/permissions.ts'
import type { StoredLink, StoredSession, StoredUser, UserStatus } from '../../fleet/people.ts'
import type { ClusterUsers, SignInLinks, UserSessions } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'

export function userRow(user: StoredUser): Insertable<ClusterUsers> {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  return {
    user_id: user.id,
    username: user.name,
    email: user.email ?? null,
    role: user.role,
    permissions: JSON.stringify(user.permissions),
    status: user.status,
    last_login: time(user.lastLogin),
    created_at: isoTime(user.createdAt),
    updated_at: isoTime(user.updatedAt),
    issuer: user.identity?.issuer ?? null,
    subject: user.identity?.subject ?? null,
    enrolled_at: time(user.enrolledAt),
  }
}

export function userOf(row: Selectable<ClusterUsers>): StoredUser {
  const time = (text: string | null) => (text === null ? undefined : Date.parse(text))
  const { issuer, subject } = row
  return {
    id: row.user_id,
    name: row.username,
    email: row.email ?? undefined,
    // A role that nobody knows, of a former registry, lets do the least.
    role: roles.find((role) => role === row.role) ?? ('viewer' satisfies Role),
    permissions: namesIn(row.permissions),
    status: statusOf(row.status),
    lastLogin: time(row.last_login),
    createdAt: Date.parse(row.created_at),
    updatedAt: Date.parse(row.updated_at),
    enrolledAt: time(row.enrolled_at),
    identity: issuer === null || subject === null ? undefined : { issuer, subject },
  }
}

export function sessionRow(session: StoredSession): Insertable<UserSessions> {
  return {
    user_id: session.userId,
    session_token: session.secretHash,
    expires_at: isoTime(session.expiresAt),
    created_at: isoTime(session.createdAt),
    session_id: session.id,
    ends_at: isoTime(session.endsAt),
    last_seen_at: isoTime(session.seenAt),
    source: session.from,
    signed_in_by: session.by,
  }
}

export function sessionOf(row: Selectable<UserSessions>): StoredSession {
  return {
    id: row.session_id,
    userId: row.user_id,
    secretHash: row.session_token,
    createdAt: Date.parse(row.created_at),
    expiresAt: Date.parse(row.expires_at),
    endsAt: Date.parse(row.ends_at),
    seenAt: Date.parse(row.last_seen_at),
    from: row.source,
    by: row.signed_in_by === 'oidc' ? 'oidc' : 'link',
  }
}

export function linkRow(link: StoredLink): Insertable<SignInLinks> {
  return {
    link_id: link.id,
    user_id: link.userId,
    secret_hash: link.secretHash,
    author: link.author,
    created_at: isoTime(link.createdAt),
    expires_at: isoTime(link.expiresAt),
  }
}

function statusOf(text: string): UserStatus {
  return text === 'active' || text === 'inactive' ? text : 'suspended'
}

/** Rows of a former registry may hold anything. */
function namesIn(text: string): readonly string[] {
  try {
    const names: unknown = JSON.parse(text)
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
  } catch {
    return []
  }
}
