import type { Route, RouteTable, Service, Source } from '../table.ts'

export type GatewayDeclaration = Pick<RouteTable, 'proxy' | 'delivery' | 'mode' | 'logs' | 'listeners' | 'source'> & {
  readonly name: string
}

/** How a service is called, and which of its instances count. */
export type ServicePolicy = Pick<Service, 'balance' | 'connectTimeoutMs' | 'outlierEjection' | 'idleTimeoutMs'> & {
  /** Only instances of this cluster; undefined: of any. */
  readonly cluster: string | undefined
}

export type ServiceDeclaration = ServicePolicy & { readonly source: Source }

export type RouteDeclaration = Route & { readonly gateways: readonly string[] }

/** What people have declared, checked as a whole: names are unique, every route's gateways exist, each piece knows its place. */
export type Declaration = {
  /** By name. */
  readonly gateways: readonly GatewayDeclaration[]
  /** By name. Services that nobody declared get the defaults of the schema. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>
  /** In the order of files and of lines. */
  readonly routes: readonly RouteDeclaration[]
  /** Hash of the files: equal files, equal version. */
  readonly version: string
}
