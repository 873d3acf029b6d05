import type { Grant, Scope } from '#shared/identity/scope.ts'

/**
 * next: nodes learn to trust it, and it does not sign yet. active: it signs. retiring: it is trusted for what it has signed, and does not
 * sign any more. retired: nobody trusts it.
 */
export type AuthorityState = 'next' | 'active' | 'retiring' | 'retired'

/** An authority that signs certificates, as it is kept. Times are epoch milliseconds. */
export type StoredAuthority = {
  /** SHA-256 of its key, base64url. */
  readonly id: string
  /** PEM. */
  readonly certificate: string
  /** Its key, sealed with the installation's secret; empty where the key is kept by somebody else. */
  readonly sealedKey: string
  /** Tells whether a plane has the secret that it was sealed with. */
  readonly secretCheck: string
  readonly state: AuthorityState
  /** Since when it is in its state. */
  readonly since: number
  readonly createdAt: number
  readonly notAfter: number
}

/** An enrolment token, as it is kept: whoever reads this cannot use it. */
export type StoredToken = {
  readonly id: string
  readonly secretHash: string
  readonly usesLeft: number
  readonly expiresAt: number
  readonly grant: Grant
  readonly author: string
  readonly createdAt: number
  readonly lastUsedAt: number | undefined
}

/** Who asks to be a node that is known otherwise. */
export type Pending = {
  /** What `keyHash` says of its key. */
  readonly key: string
  readonly machine: string
  readonly site: string
  /** What the token granted that it showed, and which one that was. */
  readonly grant: Grant
  readonly token: string
  readonly at: number
}

/** A node that may say something, or could. */
export type StoredIdentity = {
  readonly node: string
  /** waiting: it was never let in here. Whoever is enrolled goes on while somebody else waits to take its place. */
  readonly state: 'enrolled' | 'waiting' | 'revoked'
  readonly machine: string
  readonly key: string
  /** The key before it, as long as the new one has not been used: the answer that brought its certificate may be lost. */
  readonly formerKey: string | undefined
  readonly scope: Scope
  readonly pending: Pending | undefined
  /** Of its newest certificate; empty before the first. */
  readonly serial: string
  readonly issuedAt: number
  readonly notAfter: number
  /** The token by which it was enrolled. */
  readonly enrolledBy: string
  /** Rises with each change. */
  readonly version: number
}

/** Something that was revoked, or what is held back until somebody has looked. Never changed, and kept in more places than the store. */
export type Revocation = {
  /** What it is about, in one word: the same twice is one. */
  readonly subject: string
  readonly at: number
  readonly by: string
  readonly why: string
  /** From then on nothing that it ends could count anyhow. */
  readonly endsAt: number
} & (
  | { readonly kind: 'enrolment'; readonly node: string; readonly enrolment: number }
  | { readonly kind: 'serial'; readonly node: string; readonly serial: string }
  /** Certificates that were issued up to `until` are not renewed: a backup was restored, and what was revoked since is not known. */
  | { readonly kind: 'held'; readonly until: number }
  /** What was held up to `until` is so no more. */
  | { readonly kind: 'released'; readonly until: number }
)

/** A change of a node's identity, all of it or nothing. */
export type IdentityChange = {
  /** The version is that of what is replaced, and 0 where there is nothing yet; the store writes the next one. */
  readonly identity: StoredIdentity
  /** One use of this token is taken. */
  readonly token?: { readonly id: string; readonly secretHash: string; readonly now: number }
  readonly revocations?: readonly Revocation[]
}

/** overtaken: somebody else has changed it. spent: the token has no use left, or has expired. */
export type IdentityChanged = 'changed' | 'overtaken' | 'spent'

/** A step of an authority from one state to the next. */
export type AuthorityChange = {
  readonly id: string
  readonly from: AuthorityState
  readonly to: AuthorityState
  readonly at: number
}

/** Who may say what, as far as it is kept. Rejects with STORE_UNAVAILABLE (retryable) when the store cannot do it now. */
export interface IdentityStore {
  /** The oldest first. */
  authorities(): Promise<readonly StoredAuthority[]>
  /** Keeps an authority unless there is one already that is active, or one of its state; of several at once one is kept. Resolves with all. */
  addAuthority(authority: StoredAuthority): Promise<readonly StoredAuthority[]>
  /** All of it or nothing; false: one of them is not in the state that it is to leave. */
  changeAuthorities(changes: readonly AuthorityChange[]): Promise<boolean>

  addToken(token: StoredToken): Promise<void>
  token(id: string): Promise<StoredToken | undefined>
  /** The newest first, at most `limit`. */
  tokens(limit: number): Promise<readonly StoredToken[]>
  /** Nobody can use it any more. False: there is none. */
  endToken(id: string): Promise<boolean>
  /** Forgets tokens that expired before a time. */
  dropTokens(before: number): Promise<void>

  identity(node: string): Promise<StoredIdentity | undefined>
  /** In the order of their nodes' ids, at most `limit` after `after`. */
  identities(after: string, limit: number): Promise<readonly StoredIdentity[]>
  changeIdentity(change: IdentityChange): Promise<IdentityChanged>

  revocations(): Promise<readonly Revocation[]>
  /** Those that are known already stay as they are. */
  addRevocations(revocations: readonly Revocation[]): Promise<void>
  /** Forgets those that end nothing any more. */
  dropRevocations(endedBefore: number): Promise<void>
}
