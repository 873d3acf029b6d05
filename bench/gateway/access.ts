import { Issuer } from '#test/support/authorizer/issuer.ts'
import { TokenService } from '#test/support/authorizer/token-service.ts'
import { freePort } from '#test/support/ports.ts'

/** What both sides check tokens with. */
export type Access = AsyncDisposable & {
  readonly issuer: string
  readonly audience: string
  readonly permission: string
  /** The key set (JWKS) as text, and the loopback port of the service that publishes it. */
  readonly keySet: string
  readonly keysPort: number
  /** Where the agent that checks tokens for Nginx answers; Nginx by itself cannot. Both Nginx ask the same one. */
  readonly authorizerPort: number
  /** The header of every request. */
  readonly authorization: string
}

export async function startAccess(): Promise<Access> {
  const issuer = new Issuer('https://issuer.example.com').add('bench', 'RS256')
  const audience = 'api'
  const permission = 'policed:read'
  const service = new TokenService()
  service.keys = { body: issuer.keySet() }
  await service.start()
  return {
    issuer: issuer.name,
    audience,
    permission,
    keySet: issuer.keySet(),
    keysPort: service.port,
    authorizerPort: await freePort(),
    authorization: `Bearer ${issuer.token({ aud: audience, permissions: [permission] })}`,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}
