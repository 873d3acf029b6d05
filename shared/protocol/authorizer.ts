import * as z from 'zod/mini'

/** What an agent that checks tokens for the proxies beside it is told by the plane. */

const named = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))
const text = z.string().check(z.minLength(1))
const count = (least: number, most = Number.MAX_SAFE_INTEGER) => z.int().check(z.gte(least), z.lte(most))

/** So many endpoints of a service are told, the best first. */
export const mostAskedEndpoints = 64

export const AskedEndpoint = z.object({
  address: named(253),
  port: count(1, 65_535),
  /** 0 first; others only where none of 0 answers. */
  priority: z.int(),
})
export type AskedEndpoint = z.infer<typeof AskedEndpoint>

/** A service of the fleet, and where it may be asked now. */
export const AskedService = z.object({
  name: named(200),
  endpoints: z.array(AskedEndpoint).check(z.maxLength(mostAskedEndpoints)),
  connectTimeoutMs: count(1),
  /** How it proves who it is, where it speaks TLS: the name of its certificate, and a PEM file of the proxies' machine. */
  tls: z.optional(z.object({ name: named(253), ca: text })),
})
export type AskedService = z.infer<typeof AskedService>

const common = {
  name: named(200),
  /** The claim that lists permissions: an array of texts, or one text with spaces between them. */
  permissionsClaim: named(200),
  service: AskedService,
  path: text,
}

/** Tokens are checked with the key set (JWKS) that the service has at the path, asked again every `refreshMs`. */
export const JwtAuthenticator = z.object({
  kind: z.literal('jwt'),
  ...common,
  issuer: text,
  audiences: z.array(text),
  refreshMs: count(1),
})
export type JwtAuthenticator = z.infer<typeof JwtAuthenticator>

/** The service is asked about each token; its answer is kept for `cacheMs`. */
export const ExternalAuthenticator = z.object({
  kind: z.literal('external'),
  ...common,
  timeoutMs: count(1),
  cacheMs: count(0),
})
export type ExternalAuthenticator = z.infer<typeof ExternalAuthenticator>

export const AskedAuthenticator = z.discriminatedUnion('kind', [JwtAuthenticator, ExternalAuthenticator])
export type AskedAuthenticator = z.infer<typeof AskedAuthenticator>

/** All that one gateway's routes ask for. */
export const AuthorizerSet = z.object({
  /** Each an AskedAuthenticator. One of a kind that an agent does not know must not keep the others back. */
  authenticators: z.array(z.unknown()),
})
export type AuthorizerSet = z.infer<typeof AuthorizerSet>
