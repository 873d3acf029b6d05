import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { warn } from '#shared/logging/logger.ts'
import { cookieNames } from '../access/cookies.ts'
import { csrfToken } from '../access/cross-site.ts'
import { Sessions } from '../access/sessions.ts'
import { type SessionProofs, shownSession } from '../access/shown-session.ts'
import type { AccessTokens } from '../access/tokens.ts'
import { draftOf } from '../audit/trail.ts'
import { advertisedApi } from '../config.ts'
import type { Store } from '../journal/store.ts'
import { makeFirstLink } from '../sign-in/first-link.ts'
import { Oidc } from '../sign-in/oidc.ts'
import { SignInRate } from '../sign-in/rate.ts'
import type { SignInRouterParts } from '../sign-in/serve-sign-in.ts'
import { SignIn } from '../sign-in/sign-in.ts'
import { egressFrom } from './egress.ts'
import type { Run } from './run.ts'

export type PeopleParts = {
  readonly store: Store
  readonly tokens: AccessTokens
  /** Callers come over TLS. */
  readonly encrypted: boolean
  /** Others than users of this machine can reach the API. */
  readonly exposed: boolean
  /** Nobody may do anything without having proven who he is. */
  readonly required: boolean
  /** Beside it the first link is written. */
  readonly path: string
}

/** Who comes in a browser. */
export type People = {
  readonly sessions: Sessions
  readonly proofs: SessionProofs
  readonly routes: SignInRouterParts
  /** Where people's browsers reach this installation. */
  readonly url: string
  /** What pages send with changes; undefined: it is no session that asks. */
  readonly csrfOf: (request: IncomingMessage) => string | undefined
}

export async function startPeople(run: Run, parts: PeopleParts): Promise<People> {
  const { store, tokens, encrypted, exposed, required, path } = parts
  const { config, log } = run
  const { access, api } = config
  const { idle: idleMs, lasts: lastsMs } = access.sessions
  const url = access.url ?? advertisedApi(api, hostname())
  const origins = access.url === undefined ? [] : [new URL(access.url).origin]
  const cookies = cookieNames(!exposed && !url.startsWith('https:'))
  const shown = (request: IncomingMessage) => shownSession(request, { cookies, origins, encrypted })
  const sessions = new Sessions({ store, idleMs, log })
  const oidc =
    access.oidc &&
    new Oidc({
      config: access.oidc,
      redirectUri: `${url}/sign-in/oidc/callback`,
      store,
      mayAsk: egressFrom(config, access.oidc.issuer),
    })
  const onChanged = () => sessions.forget()
  const signIn = new SignIn({ store, oidc, oidcConfig: access.oidc, idleMs, lastsMs, onChanged, log })
  const rate = new SignInRate({ most: access.sign_ins_per_minute, withinMs: 60_000 })
  if (required) {
    const row = (subject: string, after: object) =>
      draftOf({ caller: 'plane', from: '', operation: 'first start', path: subject }, { after }, Date.now())
    const first = { store, url, file: `${path}-first-sign-in`, lifetimeMs: access.link_lifetime, audit: row, log }
    await makeFirstLink({ ...first, now: Date.now() }).catch(warn(log, 'the link of the first start could not be made'))
  }
  return {
    sessions,
    proofs: {
      shown,
      remembered: (text) => sessions.remembered(text),
      verify: (text) => sessions.verify(text),
    },
    routes: { signIn, oidc, sessions, tokens, cookies, origins, encrypted, log, rate },
    url,
    csrfOf: (request) => {
      const found = shown(request)
      return found.kind === 'session' ? csrfToken(found.text) : undefined
    },
  }
}
