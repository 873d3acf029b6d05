import type { Reason } from '#shared/protocol/reason.ts'
import type { SinkMode } from '../fleet/sink.ts'

/** Where in the declaration something stands: `routes.yaml:12`. */
export type Source = string

/** An endpoint that may be called. Unroutable instances are not in the table. */
export type Endpoint = {
  readonly instance: string
  readonly address: string
  readonly port: number
  /** 1 to 1000; 100 is normal. */
  readonly weight: number
  /** 0 first; 1 only when no endpoint of priority 0 is left (contact lost, unconfirmed). */
  readonly priority: 0 | 1
  readonly site: string
}

/** A service that routes lead to, with the policy of its cluster and what may be called now. */
export type Service = {
  readonly name: string
  readonly balance: 'round_robin' | 'least_request'
  readonly connectTimeoutMs: number
  readonly outlierEjection: boolean
  /**
   * An idle connection to an instance is closed after this. It is shorter than the keep-alive of the servers (5 s is common), so that
   * the proxy closes first and no request is sent into a connection that the server is just closing.
   */
  readonly idleTimeoutMs: number
  readonly source: Source
  /** Sorted by address, port, instance. */
  readonly endpoints: readonly Endpoint[]
}

export type Route = {
  /** Unique within its gateway; counters and logs carry it. */
  readonly name: string
  readonly prefix: string
  /** strip: the prefix is taken off (`/api/x/y` becomes `/y`); keep: the path goes on as it came. */
  readonly path: 'strip' | 'keep'
  readonly service: string
  readonly timeoutMs: number
  /** How often a refused or reset request goes to another instance. */
  readonly retries: number
  readonly source: Source
}

export type Listener = {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly source: Source
}

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
  /** Absolute paths on the proxy's machine; undefined: no such log. */
  readonly logs: {
    /** One line for each request. */
    readonly access: string | undefined
    /** One line for each attempt on an instance, retries included. Nginx tells them in its access log. */
    readonly attempts: string | undefined
  }
  readonly listeners: readonly Listener[]
  /** Longest prefix first, then by name. */
  readonly routes: readonly Route[]
  /** By name; every service that a route names is here. */
  readonly services: readonly Service[]
  readonly source: Source
}

/** Why an instance is not among its service's endpoints, for `explain`. */
export type LeftOut = { readonly instance: string; readonly reason: Reason }
