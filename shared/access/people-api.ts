import * as z from 'zod/mini'
import { permissions, roles } from './permissions.ts'

const reason = () => z.string().check(z.trim(), z.minLength(1), z.maxLength(500))
const day = 24 * 3_600_000

export const userStatuses = ['active', 'inactive', 'suspended'] as const

export const UserRequest = z.strictObject({
  /** As people and tools call him. */
  username: z
    .string()
    .check(
      z.regex(/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u, { error: 'expected letters, digits, ".", "_", "@" or "-"' }),
    ),
  email: z.optional(
    z.string().check(z.regex(/^[^\s@]+@[^\s@]+$/, { error: 'expected an e-mail address' }), z.maxLength(254)),
  ),
  role: z.enum(roles),
  /** Just these of what the role may do. */
  permissions: z.optional(z.array(z.enum(permissions)).check(z.minLength(1), z.maxLength(permissions.length))),
  reason: reason(),
})
export type UserRequest = z.output<typeof UserRequest>

export const UserRoleRequest = z.strictObject({ role: z.enum(roles), reason: reason() })
export type UserRoleRequest = z.output<typeof UserRoleRequest>

export const UserReasonRequest = z.strictObject({ reason: reason() })
export type UserReasonRequest = z.output<typeof UserReasonRequest>

export const UserLinkRequest = z.strictObject({
  expires_in_ms: z.optional(z.int().check(z.gte(60_000), z.lte(7 * day))),
  reason: reason(),
})
export type UserLinkRequest = z.output<typeof UserLinkRequest>

export const UserView = z.object({
  id: z.string(),
  username: z.string(),
  email: z.nullable(z.string()),
  role: z.enum(roles),
  /** What he may do, once he has signed in. */
  permissions: z.array(z.enum(permissions)),
  status: z.enum(userStatuses),
  /** Who says who it is, and gives the role; null: he comes by links. */
  issuer: z.nullable(z.string()),
  last_login: z.nullable(z.string()),
  enrolled_at: z.nullable(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
})
export type UserView = z.output<typeof UserView>

/** By this somebody signs in once; it is told this once. */
export const UserLinkView = z.object({ user: z.string(), link: z.string(), expires_at: z.string() })
export type UserLinkView = z.output<typeof UserLinkView>

export const SessionView = z.object({
  id: z.string(),
  user: z.string(),
  signed_in_by: z.enum(['link', 'oidc']),
  from: z.string(),
  created_at: z.string(),
  last_seen_at: z.string(),
  expires_at: z.string(),
  ends_at: z.string(),
})
export type SessionView = z.output<typeof SessionView>
