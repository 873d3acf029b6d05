import type { Source } from './source.ts'

/** An endpoint that may be called. Unroutable instances are not in the table. */
export type Endpoint = {
  readonly instance: string
  readonly address: string
  readonly port: number
  /** 1 to 1000; 100 is normal. */
  readonly weight: number
  /** 0 first; each number only when nothing of a lower one can be called (farther away, standing in, contact lost). Without gaps. */
  readonly priority: number
  readonly site: string
}

/** Round robin counts the weights of instances; ip hash sends one address always to the same instance as long as that is there. */
export type Balance = 'round_robin' | 'least_request' | 'random' | 'ip_hash'

/** How instances are left out for failing in front of the proxy's own eyes. */
export type Ejection = {
  /** So many failures in a row (refused, reset, not answered; in Envoy also 502 to 504). */
  readonly failures: number
  readonly forMs: number
}

/** How the instances of a service are spoken to. */
export type UpstreamTls = {
  /** The name that their certificate must have, also told to them (SNI). */
  readonly name: string
  /** PEM file on the proxy's machine with the authorities that are believed. */
  readonly ca: string
}

/** A service that routes lead to, with the policy of its cluster and what may be called now. */
export type Service = {
  readonly name: string
  readonly balance: Balance
  readonly connectTimeoutMs: number
  /** undefined: instances are not left out for failing. */
  readonly ejection: Ejection | undefined
  /**
   * An idle connection to an instance is closed after this. It is shorter than the keep-alive of the servers (5 s is common), so that
   * the proxy closes first and no request is sent into a connection that the server is just closing.
   */
  readonly idleTimeoutMs: number
  /** An instance gets at most so many connections at once from one proxy; a request that finds none free is answered 503. */
  readonly maxConnections: number | undefined
  /** A new instance gets its share gradually over this time (Envoy only). */
  readonly slowStartMs: number | undefined
  readonly tls: UpstreamTls | undefined
  readonly source: Source
  /** Sorted by address, port, instance. */
  readonly endpoints: readonly Endpoint[]
}
