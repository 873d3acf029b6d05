import * as z from 'zod/mini'
import { permissions, roles } from './permissions.ts'

const name = () => z.string().check(z.trim(), z.minLength(1), z.maxLength(100))
const reason = () => z.string().check(z.trim(), z.minLength(1), z.maxLength(500))
const day = 24 * 3_600_000

export const TokenRequest = z
  .strictObject({
    /** For people: what it is for. */
    name: name(),
    role: z.optional(z.enum(roles)),
    /** Instead of a role: just these. */
    permissions: z.optional(z.array(z.enum(permissions)).check(z.minLength(1), z.maxLength(permissions.length))),
    /** It may ask only about what belongs to this one. */
    tenant: z.optional(z.string().check(z.regex(/^[a-z0-9-]{1,63}$/))),
    expires_in_ms: z.optional(z.int().check(z.gte(60_000), z.lte(366 * day))),
    reason: reason(),
  })
  .check(
    z.refine(({ role, permissions }) => (role === undefined) !== (permissions === undefined), {
      path: ['role'],
      error: 'expected either a role or permissions',
    }),
  )
export type TokenRequest = z.output<typeof TokenRequest>

export const TokenView = z.object({
  id: z.string(),
  kind: z.enum(['token', 'first', 'break-glass']),
  name: z.string(),
  role: z.nullable(z.enum(roles)),
  permissions: z.array(z.enum(permissions)),
  tenant: z.nullable(z.string()),
  author: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  ended_at: z.nullable(z.string()),
  last_used_at: z.nullable(z.string()),
  counts: z.boolean(),
})
export type TokenView = z.output<typeof TokenView>

/** With the token itself, which is told this once. */
export const TokenMadeView = z.object({ ...TokenView.shape, token: z.string() })
export type TokenMadeView = z.output<typeof TokenMadeView>

export const TokenRevokeRequest = z.strictObject({ reason: reason() })
export type TokenRevokeRequest = z.output<typeof TokenRevokeRequest>

/** Who asks, as the plane has it. */
export const AccessView = z.object({
  kind: z.string(),
  name: z.string(),
  role: z.nullable(z.enum(roles)),
  permissions: z.array(z.enum(permissions)),
  tenant: z.nullable(z.string()),
  /** Whether everybody else needs a token too. */
  required: z.boolean(),
  /** Of a session: what goes with each change in the header `x-heddle-csrf`. */
  csrf: z.optional(z.string()),
})
export type AccessView = z.output<typeof AccessView>

export const BreakGlassRequest = z.strictObject({ by: name(), why: reason() })
export type BreakGlassRequest = z.output<typeof BreakGlassRequest>

export const BreakGlassView = z.object({ token: z.string(), id: z.string(), expires_at: z.string() })
export type BreakGlassView = z.output<typeof BreakGlassView>
