import type { Source } from './source.ts'

/** Who may come in by a route. */
export type Access =
  | { readonly kind: 'open' }
  /** Without a valid token 401; without all of `permissions` 403. */
  | { readonly kind: 'required'; readonly authenticator: string; readonly permissions: readonly string[] }

/** How a token is checked. */
export type Authenticator = {
  readonly name: string
  readonly source: Source
  /** The claim that lists permissions: an array of texts, or one text with spaces between them. */
  readonly permissionsClaim: string
} & (
  | {
      readonly kind: 'jwt'
      readonly issuer: string
      readonly audiences: readonly string[]
      /** Where the key set (JWKS) is had: a service of the fleet and a path on it, asked again every `refreshMs`. */
      readonly keys: { readonly service: string; readonly path: string; readonly refreshMs: number }
    }
  | {
      readonly kind: 'external'
      /** Asked with the request's Authorization header; its answer is kept for `cacheMs` for this token. */
      readonly service: string
      readonly path: string
      readonly timeoutMs: number
      readonly cacheMs: number
    }
)

/** At most `requests` in each `perMs`, spread evenly, with up to `burst` at once; more are answered 429. */
export type Rate = {
  readonly requests: number
  readonly perMs: number
  readonly burst: number
  /** route: all together; address: each client address for itself. */
  readonly by: 'route' | 'address'
}

export type Cors = {
  /** Origins such as `https://app.example.com`; `*` alone: any, without credentials. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly expose: readonly string[]
  readonly credentials: boolean
  readonly maxAgeS: number
}

/** Names in lower case. What is set replaces what was there. */
export type HeaderRules = {
  readonly set: readonly { readonly name: string; readonly value: string }[]
  readonly remove: readonly string[]
}

export type RoutePolicy = {
  readonly access: Access
  readonly rate: Rate | undefined
  readonly cors: Cors | undefined
  /** Bytes of a request's body; a longer one is answered 413. */
  readonly maxBodyBytes: number
  readonly requestHeaders: HeaderRules
  readonly responseHeaders: HeaderRules
}
