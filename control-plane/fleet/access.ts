import type { Permission, Role } from '#shared/access/permissions.ts'
import type { AuditDraft } from './audit.ts'

/** An API token as it is kept: not what it is, but what proves it. */
export type StoredApiToken = {
  readonly id: string
  readonly kind: 'token' | 'first' | 'break-glass'
  /** For people. */
  readonly name: string
  readonly secretHash: string
  /** What its permissions were taken from; undefined: they were listed. */
  readonly role: Role | undefined
  readonly permissions: readonly Permission[]
  readonly tenant: string | undefined
  readonly author: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number
  /** When it was ended before that. */
  readonly endedAt: number | undefined
  /** Not more often than once a minute. */
  readonly lastUsedAt: number | undefined
}

/** Failed tries of one subject: an address, or a token at an address. */
export type AccessTries = {
  readonly subject: string
  readonly failures: number
  /** Epoch milliseconds: when the first of them was. */
  readonly since: number
  /** Until when it is refused; undefined: it is not. */
  readonly lockedUntil: number | undefined
}

export type TryLimits = {
  readonly failures: number
  readonly withinMs: number
  readonly lockMs: number
}

/** What becomes of tokens at once. */
export type TokenChange = {
  readonly add?: StoredApiToken
  /** The token of this id is ended; where it has ended already nothing happens at all. */
  readonly end?: { readonly id: string; readonly at: number }
  readonly audit: readonly AuditDraft[]
}

/** Who may do what. Rejects as JournalStore does. */
export interface AccessStore {
  /** Resolves with false where a token that is to end is not there or has ended: nothing happens then. */
  changeApiTokens(change: TokenChange): Promise<boolean>
  /** Adds the token of the first start unless there is one that counts and by which others can be made. Resolves with whether it did. */
  addFirstApiToken(token: StoredApiToken, audit: readonly AuditDraft[]): Promise<boolean>
  apiToken(id: string): Promise<StoredApiToken | undefined>
  /** Newest first. */
  apiTokens(limit: number): Promise<readonly StoredApiToken[]>
  /** Whether a token was ever made, besides that of the first start and those of break-glass. */
  hasApiTokens(): Promise<boolean>
  usedApiToken(id: string, at: number): Promise<void>
  /** Forgets tokens that ended before a time, but the newest. */
  dropApiTokens(before: number): Promise<void>
  /** Counts one failed try for each subject. Resolves with those that are locked by it just now. */
  countTries(
    tries: readonly { readonly subject: string; readonly limits: TryLimits }[],
    now: number,
  ): Promise<readonly string[]>
  /** Those that are refused now. */
  lockedTries(now: number): Promise<readonly AccessTries[]>
}
