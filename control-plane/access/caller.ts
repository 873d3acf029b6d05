import type { Permission, Role } from '#shared/access/permissions.ts'

/** Who asks, as far as it was proven. */
export type Caller = {
  /**
   * `token`: an API token · `first`: the token of the first start, which may make one token · `break-glass`: let in on the plane's host ·
   * `agent`, `plane`: by a certificate · `plain`: an old client of a listener that asks for nothing · `open`: anybody, where nothing is
   * asked of callers · `person`: somebody who has signed in · `vouched`: by the word of Zervi.
   */
  readonly kind: 'token' | 'first' | 'break-glass' | 'agent' | 'plane' | 'plain' | 'open' | 'person' | 'vouched'
  /** For the audit: `token:deploy-bot`, `open`. */
  readonly name: string
  /** Of a token or a session. */
  readonly id?: string
  readonly role?: Role
  readonly permissions: readonly Permission[]
  /** What it is bound to; undefined: to none. */
  readonly tenant?: string
}
