import { subjectHeader } from '../headers.ts'
import { type Json, seconds, typed } from '../json.ts'
import { filterNames } from './names.ts'

/** The cluster of the agent beside the proxy, which answers whether a token may pass. */
export const authorizerCluster = 'heddle-authorizer'

/** It gives up by itself long before this. */
const timeoutMs = 10_000

/** Asks the agent. Without a route's own words it asks for no authenticator, which the agent refuses. */
export function authorizerFilter(gateway: string): Json {
  return {
    name: filterNames.authorizer,
    disabled: true,
    typed_config: typed('extensions.filters.http.ext_authz.v3.ExtAuthz', {
      http_service: asking(gateway, []),
      transport_api_version: 'V3',
      failure_mode_allow: false,
      status_on_error: { code: 'ServiceUnavailable' },
    }),
  }
}

/** What a route says to the filter. */
export function authorizerOfRoute(gateway: string, authenticator: string, permissions: readonly string[]): Json {
  return typed('extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute', {
    check_settings: {
      http_service: asking(gateway, [
        { key: 'x-heddle-authenticator', value: authenticator },
        ...(permissions.length === 0 ? [] : [{ key: 'x-heddle-permissions', value: permissions.join(' ') }]),
      ]),
    },
  })
}

/** The question, which carries the request's own Authorization besides. */
function asking(gateway: string, headers: readonly Json[]): Json {
  return {
    server_uri: { uri: 'http://127.0.0.1', cluster: authorizerCluster, timeout: seconds(timeoutMs) },
    path_override: '/authorize',
    authorization_request: { headers_to_add: [{ key: 'x-heddle-gateway', value: gateway }, ...headers] },
    authorization_response: { allowed_upstream_headers: { patterns: [{ exact: subjectHeader }] } },
  }
}
