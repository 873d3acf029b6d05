import type { ClientPolicy, Rate, Route } from '../../table.ts'
import { clientHeader } from '../headers.ts'
import { type Json, seconds, typed } from '../json.ts'
import { filterNames } from './names.ts'

/** Under this name a route says in its metadata which of these buckets its requests are counted in. */
const metadataName = 'heddle'
const keys = { route: 'rate', address: 'rate_by_address' } as const

/** Buckets of addresses are kept for so many at a time for each rule, those that came last. */
const mostAddresses = 20_000

/** What a route with a rate says of itself; the buckets are with all routes together, so that those that share one find the same. */
export function rateMetadata({ name, policy: { rate } }: Pick<Route, 'name' | 'policy'>): Json {
  return rate === undefined ? {} : { metadata: { filter_metadata: { [metadataName]: { [keys[rate.by]]: name } } } }
}

/**
 * The buckets of clients and of routes. They stand with the routes as a whole, not with each route: one of ours may be several of Envoy's,
 * and all listeners that have the same routes share them.
 */
export function rateFilters(clients: readonly ClientPolicy[], routes: readonly Pick<Route, 'name' | 'policy'>[]): Json {
  const ofClients = clients.flatMap(({ id, rate }) => (rate ? [{ name: id, rate }] : []))
  const ofRoutes = routes.flatMap(({ name, policy: { rate } }) => (rate ? [{ name, rate }] : []))
  return {
    ...(ofClients.length === 0 ? {} : { [filterNames.clientRate]: buckets('client', ofClients, ofHeader) }),
    ...(ofRoutes.length === 0 ? {} : { [filterNames.routeRate]: buckets('route', ofRoutes, ofMetadata) }),
  }
}

type Named = { readonly name: string; readonly rate: Rate }

/** @param keyed what tells whose bucket a request is counted in, for each way of counting */
function buckets(what: string, limited: readonly Named[], keyed: (by: Rate['by']) => Json): Json {
  const ways = [...new Set(limited.map(({ rate }) => rate.by))].sort()
  return typed('extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: `heddle_${what}_rate`,
    filter_enabled: always,
    filter_enforced: always,
    // Whatever has no bucket of its own is not limited.
    token_bucket: { max_tokens: unlimited, tokens_per_fill: unlimited, fill_interval: '1s' },
    always_consume_default_token_bucket: false,
    rate_limits: ways.map((by) => ({ actions: [keyed(by), ...(by === 'address' ? [{ remote_address: {} }] : [])] })),
    descriptors: limited.map(({ name, rate }) => ({
      entries: [{ key: keys[rate.by], value: name }, ...(rate.by === 'address' ? [{ key: 'remote_address' }] : [])],
      token_bucket: bucket(rate),
    })),
    max_dynamic_descriptors: mostAddresses,
  })
}

const unlimited = 4_294_967_295

/** Envoy refills it evenly, not at the end of each interval. */
function bucket({ requests, perMs, burst }: Rate): Json {
  return { max_tokens: burst, tokens_per_fill: requests, fill_interval: seconds(perMs) }
}

function ofHeader(by: Rate['by']): Json {
  return { request_headers: { header_name: clientHeader, descriptor_key: keys[by], skip_if_absent: true } }
}

function ofMetadata(by: Rate['by']): Json {
  return {
    metadata: {
      descriptor_key: keys[by],
      metadata_key: { key: metadataName, path: [{ key: keys[by] }] },
      source: 'ROUTE_ENTRY',
      skip_if_absent: true,
    },
  }
}

const always: Json = { default_value: { numerator: 100, denominator: 'HUNDRED' } }
