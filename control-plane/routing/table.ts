import type { Reason } from '#shared/protocol/reason.ts'
import type { SinkMode } from '../fleet/sink.ts'
import type { ClientPolicy, Listener } from './table/listener.ts'
import type { Place } from './table/locality.ts'
import type { Route } from './table/route.ts'
import type { Authenticator } from './table/route-policy.ts'
import type { Service } from './table/service.ts'
import type { Source } from './table/source.ts'

export type { ClientPolicy, Listener } from './table/listener.ts'
export type { Action, Choice, Forward, PathChange, Route } from './table/route.ts'
export type { Condition, Match, PathMatch } from './table/route-match.ts'
export type { Access, Authenticator, Cors, HeaderRules, Rate, RoutePolicy } from './table/route-policy.ts'
export type { Endpoint, Service } from './table/service.ts'
export type { Source } from './table/source.ts'
export type { Split, UserKey } from './table/split.ts'

/**
 * Everything that one gateway needs: complete, consistent, in a stable order. A request that no route takes, or whose service has
 * no endpoint, is answered as `answers.ts` says, by every proxy in the same words; docs/routing.md has the rules of matching.
 */
export type RouteTable = {
  readonly gateway: string
  readonly proxy: 'envoy' | 'nginx'
  /** xds: Envoys ask the plane; files: agents on the proxies' nodes put them into place. */
  readonly delivery: 'xds' | 'files'
  /** observe: nothing is sent to the proxy, only shown. */
  readonly mode: SinkMode
  /** Where its proxies are, for services that are called by locality; left out: not known. */
  readonly place?: Place
  /** Absolute paths on the proxy's machine; undefined: no such log. */
  readonly logs: {
    /** One line for each request. */
    readonly access: string | undefined
    /** One line for each attempt on an instance, retries included. Nginx tells them in its access log. */
    readonly attempts: string | undefined
  }
  /** Addresses and networks (CIDR) of balancers in front, whose x-forwarded-for is believed. */
  readonly trustedProxies: readonly string[]
  /** Where the agent beside the proxies checks tokens: a loopback address and port (docs/authorizer.md). */
  readonly authorizer: string
  /** Answers 200 while the gateway serves, for balancers in front; undefined: no such path. */
  readonly healthPath: string | undefined
  readonly listeners: readonly Listener[]
  /** By id; the clients that a listener of this gateway names. */
  readonly clients: readonly ClientPolicy[]
  /** By name; those that a route of this gateway asks. */
  readonly authenticators: readonly Authenticator[]
  /** Most specific first (`table/specificity.ts`): the first that takes a request answers it. */
  readonly routes: readonly Route[]
  /** By name; every service that a route names is here. */
  readonly services: readonly Service[]
  readonly source: Source
}

/** Why an instance is not among its service's endpoints, for `explain`. */
export type LeftOut = { readonly instance: string; readonly reason: Reason }
