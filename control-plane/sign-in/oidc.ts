import { createHash, createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Configuration } from 'openid-client'
import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import type { MayReach } from '#shared/probe/probe.ts'
import type { PeopleStore, UserIdentity } from '../fleet/people.ts'
import type { OidcConfig } from './config.ts'
import { groupsIn, nameIn } from './groups.ts'
import { oidcFetch } from './oidc-fetch.ts'

export type OidcParts = {
  readonly config: OidcConfig
  /** Where the provider sends people back to: exactly this is registered there. */
  readonly redirectUri: string
  readonly store: Pick<PeopleStore, 'beginSignIn' | 'takeSignIn'>
  /** Throws where an address that the provider names may not be asked. */
  readonly mayAsk?: ((url: URL) => MayReach | undefined) | undefined
  readonly now?: () => number
}

/** Somebody is sent to his provider. */
export type Begun = { readonly url: string; readonly secret: string }

/** Who came back, as the provider proves it. */
export type Proven = { readonly identity: UserIdentity; readonly name: string; readonly groups: readonly string[] }

/** For how long somebody may be away at his provider. */
export const awayForMs = 10 * 60_000
/** What the provider says of itself is asked anew after it. */
const readAgainMs = 10 * 60_000

/**
 * Signs people in by OpenID Connect: authorization code with PKCE, state and nonce, all of them from a secret that only the browser keeps.
 * The store has a hash of it, so any plane can go on, once.
 */
export class Oidc {
  readonly #parts: OidcParts
  readonly #now: () => number
  #provider: { readonly configuration: Promise<Configuration>; readonly readAt: number } | undefined

  constructor(parts: OidcParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  get name(): string {
    return this.#parts.config.name
  }

  /** Rejects with SIGN_IN_UNAVAILABLE, or as the store does. */
  async begin(): Promise<Begun> {
    const { config, redirectUri, store } = this.#parts
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client')
    const provider = await this.#configuration()
    const state = randomBytes(32).toString('base64url')
    const secret = randomBytes(32).toString('base64url')
    const now = this.#now()
    if (!(await store.beginSignIn({ hash: hashOf(state, secret), expiresAt: now + awayForMs }, now))) {
      throw new Failure('SIGN_IN_UNAVAILABLE', 'Too many people are signing in at once.', { retryable: true })
    }
    const url = buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: config.scopes.join(' '),
      state,
      nonce: derived(secret, 'nonce'),
      code_challenge: await calculatePKCECodeChallenge(derived(secret, 'verifier')),
      code_challenge_method: 'S256',
    })
    return { url: url.href, secret }
  }

  /**
   * @param query what the provider has sent back
   * @param secret what the browser has kept; undefined: nothing
   * Rejects with SIGN_IN_REFUSED, SIGN_IN_UNAVAILABLE, or as the store does.
   */
  async finish(query: string, secret: string | undefined): Promise<Proven> {
    const { redirectUri, store, config } = this.#parts
    const given = new URLSearchParams(query)
    const state = given.get('state') ?? ''
    // Before anything is asked of anybody: it is one that went from this browser, not long ago, and has not come back yet.
    if (secret === undefined || !(await store.takeSignIn(hashOf(state, secret), this.#now()))) {
      throw new Failure('SIGN_IN_REFUSED', 'This browser has not begun it, or too long ago, or it came back already.')
    }
    const said = given.get('error')
    if (said !== null) throw new Failure('SIGN_IN_REFUSED', `The provider says ${said.slice(0, 100)}.`)
    const { authorizationCodeGrant, fetchUserInfo } = await import('openid-client')
    const provider = await this.#configuration()
    const current = new URL(redirectUri)
    current.search = query
    try {
      const tokens = await authorizationCodeGrant(provider, current, {
        pkceCodeVerifier: derived(secret, 'verifier'),
        expectedState: state,
        expectedNonce: derived(secret, 'nonce'),
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (!claims) throw new Error('there is no ID token')
      const { iss: issuer, sub: subject } = claims
      let known: Readonly<Record<string, unknown>> = claims
      if (claims[config.groups_claim] === undefined && provider.serverMetadata().userinfo_endpoint !== undefined) {
        known = { ...(await fetchUserInfo(provider, tokens.access_token, subject)), ...claims }
      }
      const groups = groupsIn(known[config.groups_claim])
      return { identity: { issuer, subject }, name: nameIn(known, subject), groups }
    } catch (cause) {
      throw new Failure('SIGN_IN_REFUSED', 'What the provider has answered proves nobody.', { cause })
    }
  }

  #configuration(): Promise<Configuration> {
    const now = this.#now()
    if (this.#provider && now - this.#provider.readAt < readAgainMs) return this.#provider.configuration
    const configuration = this.#discover()
    const provider = { configuration, readAt: now }
    this.#provider = provider
    // What failed is tried again by the next one.
    configuration.catch(() => {
      if (this.#provider === provider) this.#provider = undefined
    })
    return configuration
  }

  async #discover(): Promise<Configuration> {
    const { config, mayAsk = () => undefined } = this.#parts
    const { issuer, client_id, client_secret_file, ca_file, timeout } = config
    try {
      const client = await import('openid-client')
      const secret = (await readSecret(client_secret_file)).trim()
      const ca = ca_file === undefined ? undefined : await readFile(ca_file, 'utf8')
      const fetch = oidcFetch({ ca, timeoutMs: timeout, mayAsk })
      const insecure = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
      // The issuer must name itself as it was asked for, and every ID token's signature is checked, though it comes over TLS.
      const provider = await client.discovery(new URL(issuer), client_id, undefined, client.ClientSecretBasic(secret), {
        [client.customFetch]: fetch,
        execute: [...insecure, client.enableNonRepudiationChecks],
        timeout: Math.ceil(timeout / 1000),
      })
      if (provider.serverMetadata().issuer !== issuer) throw new Error('it names another issuer')
      return provider
    } catch (cause) {
      throw new Failure('SIGN_IN_UNAVAILABLE', `${issuer} cannot be asked.`, { retryable: true, cause })
    }
  }
}

function hashOf(state: string, secret: string): string {
  return createHash('sha256').update(`${state}.${secret}`).digest('base64url')
}

/** 43 characters, as PKCE asks for. */
function derived(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url')
}
