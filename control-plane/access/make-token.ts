import { type Permission, permissions, permissionsOf, type Role } from '#shared/access/permissions.ts'
import { type ApiToken, apiSecretHash, newApiToken } from '#shared/access/token.ts'
import type { StoredApiToken } from '../fleet/access.ts'
import type { Caller } from './caller.ts'

export type Wish = {
  readonly kind: StoredApiToken['kind']
  readonly name: string
  readonly role?: Role
  /** Fewer than those of the role, or without one. */
  readonly permissions?: readonly Permission[]
  readonly tenant?: string
  readonly author: string
  readonly lifetimeMs: number
}

/** A new token, and what is kept of it. The token itself is told once, and nowhere else. */
export function makeToken(wish: Wish, now: number): { readonly token: ApiToken; readonly stored: StoredApiToken } {
  const token = newApiToken()
  const { kind, name, role, tenant, author, lifetimeMs } = wish
  const ofRole = role && permissionsOf[role]
  const stored: StoredApiToken = {
    id: token.id,
    kind,
    name,
    secretHash: apiSecretHash(token.secret),
    role: wish.permissions ? undefined : role,
    permissions: wish.permissions ?? ofRole ?? [],
    tenant,
    author,
    createdAt: now,
    expiresAt: now + lifetimeMs,
    endedAt: undefined,
    lastUsedAt: undefined,
  }
  return { token, stored }
}

/** What a caller would give a token that it does not have itself. */
export function beyond(caller: Caller, wanted: Pick<StoredApiToken, 'permissions' | 'tenant'>): readonly string[] {
  // It was made to make the first admin.
  const may: readonly Permission[] = caller.kind === 'first' ? permissions : caller.permissions
  const extra = wanted.permissions.filter((permission) => !may.includes(permission))
  const leaves = caller.tenant !== undefined && caller.tenant !== wanted.tenant
  return leaves ? [...extra, 'another tenant'] : extra
}
