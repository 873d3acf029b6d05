import * as z from 'zod/mini'
import { Grant } from '../identity/scope.ts'
import { nodeIdPattern } from './identity.ts'

const name = z.string().check(z.minLength(1), z.maxLength(200))
const node = z.string().check(z.regex(nodeIdPattern))
const machine = z.string().check(z.minLength(1), z.maxLength(128))
/** PKCS #10, PEM. */
const csr = z.string().check(z.minLength(1), z.maxLength(8_192))
const by = z.string().check(z.minLength(1), z.maxLength(100))
const reason = z.string().check(z.minLength(1), z.maxLength(500))
const time = z.string()

/** POST /v1/enrol */
export const EnrolRequest = z.strictObject({
  /** One of ours, or one that Kubernetes has projected into a Pod. */
  token: z.string().check(z.minLength(1), z.maxLength(16_384)),
  csr,
  node,
  machine,
  site: name,
})
export type EnrolRequest = z.infer<typeof EnrolRequest>

/** POST /v1/renew, over a connection with the certificate that is to be renewed. */
export const RenewRequest = z.strictObject({ csr, machine })
export type RenewRequest = z.infer<typeof RenewRequest>

export const EnrolView = z.discriminatedUnion('state', [
  /** PEM: the certificate, with those of who signed it, and all that the node is to trust. */
  z.object({ state: z.literal('issued'), certificate: z.string(), trust: z.string() }),
  /** Somebody has to let it in; asking again with the same key costs no use of the token. */
  z.object({ state: z.literal('waiting') }),
])
export type EnrolView = z.infer<typeof EnrolView>

/** What a node may say. */
const scope = {
  site: z.optional(name),
  tenant: z.optional(name),
  services: z.array(z.string()),
  ranges: z.array(z.string()),
  gateways: z.array(z.string()),
  quotas: z.object({ instances: z.int(), metrics: z.int() }),
}

export const IdentityView = z.object({
  node,
  state: z.enum(['enrolled', 'waiting', 'revoked']),
  machine: z.string(),
  ...scope,
  /** How often the node was let in. */
  enrolment: z.int(),
  /** Of its key, SHA-256. */
  key: z.string(),
  /** Of its newest certificate; null: it has none yet. */
  certificate: z.nullable(z.object({ serial: z.string(), issued_at: time, not_after: time })),
  /** The token by which it was enrolled. */
  token: z.string(),
  /** Who asks to take its place. */
  waiting: z.nullable(z.object({ key: z.string(), machine: z.string(), token: z.string(), since: time, ...scope })),
})
export type IdentityView = z.infer<typeof IdentityView>

/** GET /v1/identity */
export const AuthorityListView = z.object({
  installation: z.string(),
  authorities: z.array(
    z.object({
      /** SHA-256 of its key: what tokens pin. */
      id: z.string(),
      state: z.enum(['next', 'active', 'retiring', 'retired']),
      since: time,
      not_after: time,
      /** Somebody else has made it. */
      outside: z.boolean(),
    }),
  ),
  /** PEM, of all that are trusted: what the command line needs to talk to this plane. */
  trust: z.string(),
  /** Certificates from before are not renewed. */
  held_until: z.nullable(time),
  revocations: z.int(),
})
export type AuthorityListView = z.infer<typeof AuthorityListView>

/** POST /v1/identity/tokens */
export const TokenRequest = z.strictObject({
  uses: z.int().check(z.gte(1), z.lte(100_000)),
  lifetime_ms: z.int().check(z.gte(1_000), z.lte(366 * 24 * 3_600_000)),
  grant: z.optional(Grant),
  by,
})
export type TokenRequest = z.infer<typeof TokenRequest>

export const EnrolmentTokenView = z.object({
  id: z.string(),
  uses_left: z.int(),
  expires_at: time,
  by: z.string(),
  created_at: time,
  last_used_at: z.nullable(time),
  ...scope,
})
export type EnrolmentTokenView = z.infer<typeof EnrolmentTokenView>

/** The token itself is told once. */
export const MadeTokenView = z.object({ id: z.string(), token: z.string(), expires_at: time })
export type MadeTokenView = z.infer<typeof MadeTokenView>

/** POST /v1/identity/tokens/{id}/end, POST /v1/identity/rotate */
export const SignedRequest = z.strictObject({ by })
export const DoneView = z.object({ done: z.string() })
export type DoneView = z.infer<typeof DoneView>

/** POST /v1/identities/{node}/approve; `key`: that of who waits, as it was shown. */
export const ApproveIdentityRequest = z.strictObject({ key: z.string().check(z.minLength(1), z.maxLength(100)), by })
export type ApproveIdentityRequest = z.infer<typeof ApproveIdentityRequest>

/** POST /v1/identities/{node}/revoke; with `serial` that certificate alone. */
export const RevokeRequest = z.strictObject({
  reason,
  by,
  serial: z.optional(z.string().check(z.regex(/^[0-9A-F]{32}$/))),
})
export type RevokeRequest = z.infer<typeof RevokeRequest>

/** POST /v1/identity/release */
export const ReleaseRequest = z.strictObject({ reason, by })
export type ReleaseRequest = z.infer<typeof ReleaseRequest>
