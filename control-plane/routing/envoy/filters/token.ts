import type { Authenticator } from '../../table.ts'
import { subjectHeader } from '../headers.ts'
import { type Json, seconds, typed } from '../json.ts'
import { filterNames } from './names.ts'

type Jwt = Extract<Authenticator, { kind: 'jwt' }>

/** Where the filter leaves what a valid token says, and why another is none, for the filters and answers after it. */
export const tokenMetadata = { filter: filterNames.token, payload: 'payload', failure: 'failure' } as const

/**
 * Checks tokens against key sets. A route names the authenticator that it asks for; one that this filter does not know is answered with a
 * refusal.
 */
export function tokenFilter(authenticators: readonly Authenticator[]): Json {
  const jwt = authenticators.filter((each) => each.kind === 'jwt')
  return {
    name: filterNames.token,
    disabled: true,
    typed_config: typed('extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      ...(jwt.length === 0
        ? {}
        : {
            providers: Object.fromEntries(jwt.map((each) => [each.name, provider(each)])),
            requirement_map: Object.fromEntries(jwt.map(({ name }) => [name, { provider_name: name }])),
          }),
    }),
  }
}

/**
 * Envoy does not ask again when a token names a key that it does not know: so long at most, a token of a key that is new is refused. The
 * agent, which does ask, keeps to `refresh`.
 */
const mostKeptMs = 60_000

/** What a route says to the filter. */
export function tokenOfRoute(authenticator: string): Json {
  return typed('extensions.filters.http.jwt_authn.v3.PerRouteConfig', { requirement_name: authenticator })
}

function provider({ issuer, audiences, keys, permissionsClaim }: Jwt): Json {
  return {
    issuer,
    ...(audiences.length === 0 ? {} : { audiences }),
    remote_jwks: {
      http_uri: { uri: `http://${keysHost}${keys.path}`, cluster: keys.service, timeout: '5s' },
      cache_duration: seconds(Math.min(keys.refreshMs, mostKeptMs)),
      // Asked for before any request needs it. A listener does not wait for it: what has no key set yet is refused.
      async_fetch: { fast_listener: true, failed_refetch_duration: '1s' },
    },
    // The instance gets the token as it came.
    forward: true,
    from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
    claim_to_headers: [{ header_name: subjectHeader, claim_name: 'sub' }],
    payload_in_metadata: tokenMetadata.payload,
    // One text with spaces becomes a list, so that permissions are always looked for in one.
    normalize_payload_in_metadata: { space_delimited_claims: [permissionsClaim] },
    failed_status_in_metadata: tokenMetadata.failure,
  }
}

/** Names of services need not be names of hosts. */
const keysHost = 'keys.heddle'
