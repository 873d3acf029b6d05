import type { Cors } from '../../table.ts'
import { type Json, typed } from '../json.ts'

/** What a route says to Envoy's filter for requests from pages of other origins. Preflights are answered 200 by the filter. */
export function corsOfRoute({ origins, methods, headers, expose, credentials, maxAgeS }: Cors): Json {
  return typed('extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: origins.map((origin) =>
      origin === '*' ? { safe_regex: { regex: '.*' } } : { exact: origin },
    ),
    ...(methods.length === 0 ? {} : { allow_methods: methods.join(',') }),
    ...(headers.length === 0 ? {} : { allow_headers: headers.join(',') }),
    ...(expose.length === 0 ? {} : { expose_headers: expose.join(',') }),
    max_age: String(maxAgeS),
    ...(credentials ? { allow_credentials: true } : {}),
  })
}
