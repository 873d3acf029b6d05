import type { Action, Condition, Cors, HeaderRules, Match, PathMatch, Rate, Source } from '../table.ts'
import type { Place, RoutePiece } from './pieces.ts'
import type { RatePart, RoutePart } from './schema.ts'
import { nameOfPath } from './texts.ts'

/** A request's body may have so many bytes where nothing else is said. */
export const defaultMaxBodyBytes = 64 * 1024 ** 2

/** A route as it was written, in the words of the table. */
export function toRoute(part: RoutePart, at: Place, source: Source): RoutePiece {
  const path = toPath(part)
  return {
    name: part.name ?? nameOfPath(path.path),
    match: toMatch(part, path),
    action: toAction(part),
    auth: part.auth,
    permissions: part.permissions,
    policy: {
      rate: part.rate && toRate(part.rate),
      cors: part.cors && toCors(part.cors),
      maxBodyBytes: part.max_body ?? defaultMaxBodyBytes,
      requestHeaders: toHeaderRules(part.request_headers),
      responseHeaders: toHeaderRules(part.response_headers),
    },
    gateways: part.gateways,
    source,
    at,
  }
}

export function toRate({ requests: { requests, perMs }, burst, by }: RatePart): Rate {
  return { requests, perMs, burst: burst ?? Math.max(1, Math.ceil((requests * 1000) / perMs)), by }
}

function toPath({ exact, template, prefix = '/' }: RoutePart): PathMatch {
  if (exact !== undefined) return { kind: 'exact', path: exact }
  return template === undefined ? { kind: 'prefix', path: prefix } : { kind: 'template', path: template }
}

function toMatch({ hosts, clients, methods, headers, query }: RoutePart, path: PathMatch): Match {
  return {
    hosts: hosts.toSorted(),
    clients: clients.toSorted(),
    path,
    methods: methods.toSorted(),
    headers: toConditions(headers),
    query: toConditions(query),
  }
}

export function toConditions(conditions: Readonly<Record<string, string | boolean>>): readonly Condition[] {
  return Object.entries(conditions)
    .map(([name, wanted]) => (typeof wanted === 'string' ? { name, is: wanted } : { name, present: wanted }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function toAction(part: RoutePart): Action {
  const { redirect, answer, service = '', services, path = 'keep', timeout, retries, websocket, mirror } = part
  if (redirect !== undefined) {
    const { status, scheme, host, port, path } = redirect
    return { kind: 'redirect', status, scheme, host, port, path }
  }
  if (answer !== undefined) {
    return { kind: 'answer', status: answer.status, contentType: answer.content_type, body: answer.body }
  }
  return {
    kind: 'forward',
    choices: services ?? [{ service, weight: 100 }],
    path: typeof path === 'string' ? { kind: path } : { kind: 'rewrite', to: path.rewrite },
    timeoutMs: timeout === 'none' ? undefined : timeout,
    retries,
    websocket,
    mirror,
  }
}

function toCors({ max_age, ...cors }: NonNullable<RoutePart['cors']>): Cors {
  return { ...cors, maxAgeS: Math.round(max_age / 1000) }
}

function toHeaderRules({ set, remove }: RoutePart['request_headers']): HeaderRules {
  const names = Object.entries(set).map(([name, value]) => ({ name, value }))
  return { set: names.toSorted((a, b) => (a.name < b.name ? -1 : 1)), remove: remove.toSorted() }
}
