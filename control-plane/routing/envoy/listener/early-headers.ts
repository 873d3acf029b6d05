import type { Listener, RouteTable } from '../../table.ts'
import { clientHeader, comparedHeaders, firstValueHeader, setHeader, toHttpsHeader } from '../headers.ts'
import { type Json, typed } from '../json.ts'

/** Our own headers, also as some servers read them: with "_" for "-"; and those by which whoever asks could change timeouts and retries. */
const reserved = 'x[-_]heddle[-_].*|x[-_]client[-_]id|x-envoy-.*'

/**
 * What happens to a request's headers before anything looks at them: what only we may say is taken off, and the listener says who the
 * client is and what routes have to know of it.
 */
export function earlyHeaders(
  { client, redirectToHttps, tls }: Pick<Listener, 'client' | 'redirectToHttps' | 'tls'>,
  { trustedProxies, routes }: Pick<RouteTable, 'trustedProxies' | 'routes'>,
): Json {
  const set = [
    ...(client === undefined ? [] : [setHeader(clientHeader, client)]),
    ...(redirectToHttps === undefined ? [] : [setHeader(toHttpsHeader, String(redirectToHttps))]),
    // Where balancers are trusted, Envoy would take it from whoever asks.
    ...(trustedProxies.length === 0 ? [] : [setHeader('x-forwarded-proto', tls ? 'https' : 'http')]),
    ...comparedHeaders(routes).map((name) => setHeader(firstValueHeader(name), `%REQ(${name})%`)),
  ]
  return {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typed_config: typed('extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
      mutations: [
        { remove_on_match: { key_matcher: { safe_regex: { regex: reserved } } } },
        ...set.map((header) => ({ append: header })),
      ],
    }),
  }
}
