import type { Locality } from '../table/locality.ts'
import type { Authenticator, ClientPolicy, Condition, Route, RouteTable, Service, Source, UserKey } from '../table.ts'

export type GatewayDeclaration = Pick<
  RouteTable,
  | 'proxy'
  | 'delivery'
  | 'mode'
  | 'place'
  | 'logs'
  | 'trustedProxies'
  | 'healthPath'
  | 'authorizer'
  | 'listeners'
  | 'source'
> & { readonly name: string }

/** How a service is called, and which of its instances count. */
export type ServicePolicy = Omit<Service, 'name' | 'endpoints' | 'source'> & {
  /** Only instances of this cluster; undefined: of any. */
  readonly cluster: string | undefined
  /** Weights follow what is measured; left out: they are as declared. */
  readonly dynamicWeights?: true
  /** Left out: all of its instances. */
  readonly side?: ServiceSide
  /** With less than this share (percent) callable, those are called too that only their checks condemn; left out: never. */
  readonly panicPercent?: number
  /** Near ones are called before others; left out: all alike. */
  readonly locality?: Locality
}

/** One side of a service whose own instances are split: those that were chosen for the canary, or the others. */
export type ServiceSide = { readonly of: string; readonly chosen: ChosenInstances; readonly canary: boolean }

export type ServiceDeclaration = ServicePolicy & { readonly source: Source }

/** A route as one gateway has it: what it asks for may be said by the gateway. */
export type RouteDeclaration = Route & { readonly gateway: string }

/** Some of a service's instances: those with this tag, or with all of this metadata. */
export type ChosenInstances =
  | { readonly tag: string }
  | { readonly metadata: readonly (readonly [key: string, value: string])[] }

/** What may be said of a canary beside its baseline, as counted over the same time. */
export type Gate = {
  /** With fewer requests of the canary in the window nothing is concluded. */
  readonly requests: number
  /** How far back is looked, at most to the beginning of the step. */
  readonly windowMs: number
  /** Of a hundred requests of the canary so many more may fail than of the baseline. */
  readonly errorPoints: number
  /** By so many percent its answers may take longer; undefined: nobody looks. */
  readonly slowerPercent: number | undefined
}

/** How a new version of a service gets its requests. Its name is the service's. */
export type SplitDeclaration = {
  readonly name: string
  /** What both sides are called as services. */
  readonly baseline: string
  readonly canary: string
  /** The canary is these of the service's own instances; undefined: it is a service of its own. */
  readonly chosen: ChosenInstances | undefined
  /** Empty: there is no cohort. */
  readonly cohort: readonly Condition[]
  readonly by: UserKey
  /** Thousandths of the users, rising to 1000; a first one of 0 is the cohort alone. */
  readonly steps: readonly number[]
  /** A step lasts at least so long. */
  readonly holdMs: number
  readonly gate: Gate
  /** After the last step the baseline can take everything back for so long. */
  readonly keepMs: number
  /** Hash of all this: another one is another split. */
  readonly version: string
  readonly source: Source
}

/** What people have declared, checked as a whole: names are unique, whatever is named exists, each piece knows its place. */
export type Declaration = {
  /** By name. */
  readonly gateways: readonly GatewayDeclaration[]
  /** By id; also those that only a listener names. */
  readonly clients: ReadonlyMap<string, ClientPolicy>
  readonly authenticators: ReadonlyMap<string, Authenticator>
  /** By name. Services that nobody declared get the defaults of the schema. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>
  /** By the name of the service that is split. */
  readonly splits: ReadonlyMap<string, SplitDeclaration>
  /** In the order of files and of lines, once for each gateway that has it. */
  readonly routes: readonly RouteDeclaration[]
  /** Hash of the files: equal files, equal version. */
  readonly version: string
}
