import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export type Person = Readonly<Record<string, unknown>> & { readonly groups?: readonly string[] }
type Claims = Readonly<Record<string, unknown>>

export const client = { id: 'heddle', secret: 'provider-secret-4711' }

/** A real provider of OpenID Connect on loopback. Whoever comes is signed in as `person`, without being asked. */
export class TestProvider implements AsyncDisposable {
  readonly issuer: string
  readonly #server: Server
  readonly #key: KeyObject
  /** Whom it signs in; undefined: it says no. */
  person: string | undefined = 'u-1'
  readonly people = new Map<string, Person>()
  /** What becomes of the ID tokens that it gives out, signed anew. */
  tamper: ((claims: Claims) => Claims) | undefined
  /** Signs them by a key that nobody knows. */
  forge = false

  private constructor(server: Server, redirectUris: readonly string[]) {
    this.#server = server
    const { port } = server.address() as AddressInfo
    this.issuer = `http://127.0.0.1:${port}`
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          redirect_uris: [...redirectUris],
          id_token_signed_response_alg: 'ES256',
        },
      ],
      jwks: { keys: [jwk] } as never,
      claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
      cookies: { keys: ['test'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      ttl: { Session: 60, Grant: 60, Interaction: 60, AccessToken: 60, IdToken: 60, AuthorizationCode: 60 },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: async () => ({ sub: id, ...this.people.get(id) }) as never,
      }),
      loadExistingGrant: async (context) => {
        const { client, session, provider } = context.oidc
        const grant = new provider.Grant({
          clientId: client?.clientId ?? '',
          ...(session?.accountId === undefined ? {} : { accountId: session.accountId }),
        })
        grant.addOIDCScope('openid profile')
        await grant.save()
        return grant
      },
    })
    provider.use(async (context, next) => {
      await next()
      const body = context.body as { id_token?: string } | undefined
      if (typeof body?.id_token === 'string') context.body = { ...body, id_token: this.#given(body.id_token) }
    })
    const answer = provider.callback()
    server.on('request', (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return void answer(request, response)
      const { person } = this
      const result =
        person === undefined ? { error: 'access_denied' } : { login: { accountId: person, remember: false } }
      provider.interactionFinished(request, response, result).catch(() => response.destroy())
    })
  }

  static async start(redirectUris: readonly string[]): Promise<TestProvider> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TestProvider(server, redirectUris)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #given(token: string): string {
    if (!this.tamper && !this.forge) return token
    const [header = '', body = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
    const said = Buffer.from(JSON.stringify(this.tamper?.(claims) ?? claims)).toString('base64url')
    const key = this.forge ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : this.#key
    const signature = sign('sha256', Buffer.from(`${header}.${said}`), { key, dsaEncoding: 'ieee-p1363' })
    return `${header}.${said}.${signature.toString('base64url')}`
  }
}
