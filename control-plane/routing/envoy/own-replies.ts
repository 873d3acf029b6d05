import {
  ambiguousPath,
  cannotCheck,
  draining,
  headersTooLarge,
  instanceFailed,
  instanceTooSlow,
  noInstance,
  noPermission,
  noRoute,
  noSuchMethod,
  noToken,
  noWebsocket,
  type OwnAnswer,
  serving,
  tooLarge,
  tooMany,
} from '../answers.ts'
import { forHealth } from './filters/health.ts'
import { tokenMetadata } from './filters/token.ts'
import { setHeader } from './headers.ts'
import { type Json, typed } from './json.ts'

/** What Envoy says where it answers itself; the first that fits. Envoy's flags, and what its filters leave behind, say why it does. */
export function ownReplies(healthPath: string | undefined): readonly Json[] {
  return [
    // What a route answers is what was declared, whatever its status.
    { filter: directResponse },
    ...(healthPath === undefined
      ? []
      : [
          { filter: all(status(200), { header_filter: { header: forHealth(healthPath) } }), ...said(serving) },
          { filter: all(status(503), { header_filter: { header: forHealth(healthPath) } }), ...said(draining) },
        ]),
    // What is no path at all reaches no route: CONNECT, and "*" of OPTIONS.
    { filter: all(flagged('NR'), { header_filter: { header: connectMethod } }), ...said(noSuchMethod) },
    { filter: status(404), ...said(noRoute) },
    // No healthy upstream; no such cluster.
    { filter: flagged('UH', 'NC'), ...said(noInstance) },
    // No connection to it was free.
    { filter: flagged('UO'), ...said(noInstance) },
    // The route's time is over.
    { filter: flagged('UT'), ...said(instanceTooSlow) },
    // Not connected; connection ended, or reset, or answered what is not HTTP.
    { filter: flagged('UF', 'UC', 'UR', 'UPE'), ...said(instanceFailed) },
    // Without a key set nobody can tell whether a token is valid. Envoy says "invalid" then, and "forbidden" of another audience.
    {
      filter: tokenFailed({ string_match: { exact: 'Jwks remote fetch is failed' } }, 'message'),
      ...said(cannotCheck),
    },
    { filter: tokenFailed({ present_match: true }, 'code'), ...said(noToken), headers_to_add: [challenge] },
    { filter: status(401), ...said(noToken), headers_to_add: [challenge] },
    { filter: all(status(503), flagged('UAEX')), ...said(cannotCheck) },
    // A WebSocket that the route does not allow never gets as far as the filters that look at permissions.
    { filter: all(status(403), flagged('UAEX')), ...said(noPermission) },
    { filter: all(status(403), metadata(tokenMetadata.payload)), ...said(noPermission) },
    {
      filter: all(status(403), { header_filter: { header: { name: 'upgrade', present_match: true } } }),
      ...said(noWebsocket),
    },
    { filter: status(403), ...said(noPermission) },
    { filter: status(413), ...said(tooLarge) },
    { filter: status(429), ...said(tooMany) },
    { filter: status(431), ...said(headersTooLarge) },
    // The body was too long to be held for another attempt.
    { filter: status(507), ...said(instanceFailed) },
    // What is not HTTP is told in Envoy's words: any other 400 of its own is about the path.
    { filter: flagged('DPE') },
    { filter: status(400), ...said(ambiguousPath) },
  ]
}

const directResponse: Json = {
  extension_filter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typed_config: typed('extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
      expression: "response.code_details == 'direct_response'",
    }),
  },
}

const connectMethod: Json = { name: ':method', string_match: { exact: 'CONNECT' } }

/** Browsers and libraries look for it beside a 401. */
const challenge = setHeader('www-authenticate', 'Bearer')

function flagged(...flags: readonly string[]): Json {
  return { response_flag_filter: { flags } }
}

function status(code: number): Json {
  return { status_code_filter: { comparison: { op: 'EQ', value: { default_value: code, runtime_key: 'heddle' } } } }
}

function all(...filters: readonly Json[]): Json {
  return { and_filter: { filters } }
}

function tokenFailed(value: Json, key: string): Json {
  return metadata(tokenMetadata.failure, key, value)
}

/** Whether the filter for tokens left something behind. */
function metadata(...[first, second, value = { present_match: true }]: readonly [string, string?, Json?]): Json {
  const path = [{ key: first }, ...(second === undefined ? [] : [{ key: second }])]
  return { metadata_filter: { matcher: { filter: tokenMetadata.filter, path, value }, match_if_key_not_found: false } }
}

function said({ status: code, contentType, body }: OwnAnswer): Json {
  return {
    status_code: code,
    body_format_override: {
      text_format_source: { inline_string: body.replaceAll('%', '%%') },
      content_type: contentType,
    },
  }
}
