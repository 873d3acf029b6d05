import { apiSecretHash, readApiToken } from '#shared/access/token.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { redactedJson } from '../audit/redact.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import type { Arrived, PeopleStore, StoredSession, StoredUser } from '../fleet/people.ts'
import type { OidcConfig } from './config.ts'
import { roleOf } from './groups.ts'
import { newSession } from './new-session.ts'
import type { Oidc } from './oidc.ts'

export type SignInParts = {
  readonly store: Pick<PeopleStore, 'useSignInLink' | 'arrive' | 'endSessionsOf' | 'endSession'>
  readonly oidc: Oidc | undefined
  readonly oidcConfig: Pick<OidcConfig, 'roles' | 'lasts'> | undefined
  readonly idleMs: number
  readonly lastsMs: number
  /** Sessions have begun or ended here. */
  readonly onChanged: () => void
  readonly log: Logger
  readonly now?: () => number
}

export type SignedIn = {
  readonly kind: 'signed-in'
  /** What the browser gets. */
  readonly text: string
  readonly user: StoredUser
  readonly session: StoredSession
}

export type Outcome = SignedIn | { readonly kind: 'refused' | 'no-role' | 'suspended' }

/** Signs people in and out; each time with a session that nobody has seen before. */
export class SignIn {
  readonly #parts: SignInParts
  readonly #now: () => number

  constructor(parts: SignInParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** @param text the token of a link. Rejects as the store does. */
  async byLink(text: string, from: string): Promise<Outcome> {
    const given = readApiToken(text, 'hdll1')
    if (!given) return { kind: 'refused' }
    const { idleMs, lastsMs, store } = this.#parts
    const now = this.#now()
    const made = newSession({ from, by: 'link', idleMs, lastsMs }, now)
    const use = { id: given.id, secretHash: apiSecretHash(given.secret), session: made.session }
    return this.#outcome(await store.useSignInLink(use, rowOf('sign in by a link', from, now)), made.text)
  }

  /** Somebody comes back from his provider. Rejects with SIGN_IN_REFUSED, SIGN_IN_UNAVAILABLE, or as the store does. */
  async byProvider(query: string, secret: string | undefined, from: string): Promise<Outcome> {
    const { oidc, oidcConfig, store, idleMs, lastsMs, log } = this.#parts
    if (!oidc || !oidcConfig) throw new Failure('SIGN_IN_REFUSED', 'There is no provider.')
    const { identity, name, groups } = await oidc.finish(query, secret)
    const role = roleOf(groups, oidcConfig.roles)
    const now = this.#now()
    if (role === undefined) {
      const ended = await store.endSessionsOf(identity, {
        ...rowOf('no role any more', from, now),
        caller: `oidc:${name}`,
      })
      if (ended > 0) this.#parts.onChanged()
      log.info(
        { subject: identity.subject, from, ended },
        'somebody is known to the provider, and in no group that gives a role',
      )
      return { kind: 'no-role' }
    }
    const made = newSession({ from, by: 'oidc', idleMs, lastsMs: Math.min(lastsMs, oidcConfig.lasts) }, now)
    const arrival = { identity, name, role, session: made.session }
    return this.#outcome(await store.arrive(arrival, rowOf('sign in by the provider', from, now, { role })), made.text)
  }

  /** Ends a session. Rejects as the store does. */
  async out(id: string, who: string, from: string): Promise<void> {
    const row = { ...rowOf('sign out', from, this.#now()), caller: who, subject: `session:${id}` }
    await this.#parts.store.endSession(id, [row])
    this.#parts.onChanged()
  }

  #outcome(arrived: Arrived | undefined, text: string): Outcome {
    if (!arrived) return { kind: 'refused' }
    if (arrived.kind !== 'signed-in') return arrived
    this.#parts.onChanged()
    const { user, session } = arrived
    this.#parts.log.info(
      { user: user.name, session: session.id, from: session.from, by: session.by },
      'somebody signed in',
    )
    return { kind: 'signed-in', text, user, session }
  }
}

function rowOf(operation: string, from: string, at: number, after?: object): AuditDraft {
  return { at, caller: '', from, operation, subject: '', before: '', after: redactedJson(after), why: '' }
}
