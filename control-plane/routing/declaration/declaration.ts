import type { Authenticator, ClientPolicy, Route, RouteTable, Service, Source } from '../table.ts'

export type GatewayDeclaration = Pick<
  RouteTable,
  'proxy' | 'delivery' | 'mode' | 'logs' | 'trustedProxies' | 'healthPath' | 'authorizer' | 'listeners' | 'source'
> & { readonly name: string }

/** How a service is called, and which of its instances count. */
export type ServicePolicy = Omit<Service, 'name' | 'endpoints' | 'source'> & {
  /** Only instances of this cluster; undefined: of any. */
  readonly cluster: string | undefined
  /** Weights follow what is measured; left out: they are as declared. */
  readonly dynamicWeights?: true
}

export type ServiceDeclaration = ServicePolicy & { readonly source: Source }

/** A route as one gateway has it: what it asks for may be said by the gateway. */
export type RouteDeclaration = Route & { readonly gateway: string }

/** What people have declared, checked as a whole: names are unique, whatever is named exists, each piece knows its place. */
export type Declaration = {
  /** By name. */
  readonly gateways: readonly GatewayDeclaration[]
  /** By id; also those that only a listener names. */
  readonly clients: ReadonlyMap<string, ClientPolicy>
  readonly authenticators: ReadonlyMap<string, Authenticator>
  /** By name. Services that nobody declared get the defaults of the schema. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>
  /** In the order of files and of lines, once for each gateway that has it. */
  readonly routes: readonly RouteDeclaration[]
  /** Hash of the files: equal files, equal version. */
  readonly version: string
}
