import { type ApiToken, apiSecretHash, apiTokenText, newApiToken } from '#shared/access/token.ts'
import type { StoredLink, StoredSession } from '../fleet/people.ts'

export type NewSession = {
  /** What the browser gets. */
  readonly text: string
  readonly session: Omit<StoredSession, 'userId'>
}

export type SessionWish = {
  readonly from: string
  readonly by: StoredSession['by']
  readonly idleMs: number
  readonly lastsMs: number
}

/** A session that nobody has seen yet, so that nobody can have given it to somebody before he signed in. */
export function newSession({ from, by, idleMs, lastsMs }: SessionWish, now: number): NewSession {
  const token = newApiToken()
  const endsAt = now + lastsMs
  const expiresAt = Math.min(endsAt, now + idleMs)
  const session = { id: token.id, secretHash: apiSecretHash(token.secret), createdAt: now, seenAt: now }
  return { text: apiTokenText(token, 'hdls1'), session: { ...session, expiresAt, endsAt, from, by } }
}

/** A link by which somebody signs in once. */
export function newLink(
  { userId, author, lifetimeMs }: { readonly userId: string; readonly author: string; readonly lifetimeMs: number },
  now: number,
): { readonly token: ApiToken; readonly stored: StoredLink } {
  const token = newApiToken()
  const stored = { id: token.id, userId, secretHash: apiSecretHash(token.secret), author }
  return { token, stored: { ...stored, createdAt: now, expiresAt: now + lifetimeMs } }
}

/** What stands behind the `#` is sent to no server, and stands in no log: only the page reads it. */
export function linkText(url: string, token: ApiToken): string {
  return `${url}/sign-in#${apiTokenText(token, 'hdll1')}`
}
