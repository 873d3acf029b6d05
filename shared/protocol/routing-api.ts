import * as z from 'zod/mini'

/** The part of the API under `/v1/routing` that changes the declaration of routes, and tells how that went. Times are ISO 8601 UTC. */

const time = z.iso.datetime()
const by = z.string().check(z.minLength(1), z.maxLength(100))
const comment = z.string().check(z.minLength(1), z.maxLength(500))
const dayMs = 24 * 3_600_000

/** The files of a declaration; together they are the whole of it. */
const files = z
  .array(
    z.strictObject({
      /** As problems and places name it. */
      file: z.string().check(z.minLength(1), z.maxLength(200)),
      text: z.string().check(z.maxLength(2_000_000)),
    }),
  )
  .check(z.minLength(1), z.maxLength(500))

/** POST /v1/routing/plan */
export const PlanRequest = z.strictObject({ files })
export type PlanRequest = z.infer<typeof PlanRequest>

/** How a version comes to the gateways. */
const way = {
  /** Each `all`, a share such as `50%`, a number, or gateways joined by `+`. Empty: all at once. */
  stages: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(500))).check(z.maxLength(20)), []),
  /** A stage that is not proven after this is halted. */
  within_ms: z._default(z.int().check(z.gte(1_000), z.lte(dayMs)), 600_000),
  /** A stage that is proven is watched for so long before the next. */
  soak_ms: z._default(z.int().check(z.gte(0), z.lte(dayMs)), 0),
  /** Of a hundred requests so many may fail; 5 where it is known and nothing is said. */
  most_error_percent: z.optional(z.number().check(z.gte(0), z.lte(100))),
  most_latency_ms: z.optional(z.number().check(z.gt(0))),
  /** With fewer requests nothing is concluded. */
  least_requests: z._default(z.int().check(z.gte(1)), 20),
  /** Gateways that need not prove it, since their proxies are away. */
  unproven: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(100))).check(z.maxLength(500)), []),
}

/** POST /v1/routing/versions */
export const ApplyRequest = z.strictObject({ files, comment, by, ...way })
export type ApplyRequest = z.output<typeof ApplyRequest>

/** POST /v1/routing/rollback */
export const RollbackVersionRequest = z.strictObject({ to: z.int().check(z.gte(1)), comment, by, ...way })
export type RollbackVersionRequest = z.output<typeof RollbackVersionRequest>

/** POST /v1/routing/abort */
export const AbortRequest = z.strictObject({ by, reason: z._default(z.string().check(z.maxLength(500)), '') })
export type AbortRequest = z.output<typeof AbortRequest>

const number = z.pipe(
  z.string().check(z.regex(/^[1-9]\d{0,8}$/, { error: 'expected the number of a version' })),
  z.transform(Number),
)

/** GET /v1/routing/versions: newest first. */
export const VersionsQuery = z.strictObject({
  limit: z._default(
    z.pipe(
      z.string().check(z.regex(/^(?:[1-9]\d?|[1-4]\d\d|500)$/, { error: 'expected 1 to 500' })),
      z.transform(Number),
    ),
    100,
  ),
  /** Only those made before this one. */
  before: z.optional(number),
})

/** GET /v1/routing/diff: `to` is the version that holds if it is left out, `from` the one that held before that. */
export const DiffQuery = z.strictObject({ from: z.optional(number), to: z.optional(number) })

/** Something wrong with a declaration, and where. */
export const PlaceView = z.object({
  file: z.string(),
  line: z.optional(z.int()),
  path: z.string(),
  message: z.string(),
})
export type PlaceView = z.infer<typeof PlaceView>

/** One part of a gateway's table that becomes another. */
export const PartView = z.object({
  kind: z.enum(['gateway', 'listener', 'route', 'service', 'split', 'client', 'authenticator']),
  name: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
  /** File and line. */
  source: z.string(),
  /** What is changed: before and after under each key; null: nothing. */
  keys: z.array(z.object({ key: z.string(), before: z.unknown(), after: z.unknown() })),
})
export type PartView = z.infer<typeof PartView>

export const GatewayChangeView = z.object({
  gateway: z.string(),
  proxy: z.enum(['envoy', 'nginx']),
  mode: z.enum(['apply', 'observe']),
  parts: z.array(PartView),
  /** Names of routes that may behave otherwise. */
  routes: z.array(z.string()),
  /** What its proxies have rejected of what they were given last, with file and line. */
  rejected: z.array(z.string()),
})
export type GatewayChangeView = z.infer<typeof GatewayChangeView>

/** What an apply would do. */
export const PlanView = z.object({
  /** False: it cannot be applied; `problems` says why. */
  valid: z.boolean(),
  problems: z.array(PlaceView),
  /** The version that it is compared with; null: none holds. */
  base: z.nullable(z.int()),
  changes: z.array(GatewayChangeView),
  radius: z.object({
    gateways: z.array(z.string()),
    /** One on two gateways counts twice. */
    routes: z.int(),
    instances: z.array(z.string()),
    /** Of the last hour; null: not known of every gateway. */
    requests: z.nullable(z.object({ concerned: z.number(), all: z.number() })),
  }),
})
export type PlanView = z.infer<typeof PlanView>

/** A version of the declaration. */
export const VersionView = z.object({
  number: z.int(),
  author: z.string(),
  comment: z.string(),
  /** files: the watched folder made it · api: somebody did */
  source: z.enum(['files', 'api']),
  hash: z.string(),
  /** staged: on its way · applied: it holds, or held · halted: taken back on its way · rolled-back: taken back later */
  state: z.enum(['staged', 'applied', 'halted', 'rolled-back']),
  /** It is the one that holds. */
  holds: z.boolean(),
  /** Why it was halted or taken back. */
  why: z.string(),
  former: z.nullable(z.int()),
  restores: z.nullable(z.int()),
  at: time,
  ended_at: z.nullable(time),
  stages: z.array(
    z.object({
      name: z.string(),
      gateways: z.array(z.string()),
      state: z.enum(['waiting', 'underway', 'proven', 'halted']),
    }),
  ),
  /** Of one on its way: what its stage waits for. */
  waiting_for: z.array(z.string()),
  /** Of the one that holds, and of one on its way: what proxies reject of it. */
  rejected: z.array(z.string()),
  notes: z.array(z.object({ at: time, text: z.string() })),
})
export type VersionView = z.infer<typeof VersionView>

export const WholeVersionView = z.extend(VersionView, {
  files: z.array(z.object({ file: z.string(), text: z.string() })),
})
export type WholeVersionView = z.infer<typeof WholeVersionView>

/** GET /v1/routing/declaration: what holds. Its ETag is the number. */
export const DeclarationView = z.object({
  number: z.int(),
  author: z.string(),
  comment: z.string(),
  at: time,
  files: z.array(z.object({ file: z.string(), text: z.string() })),
})
export type DeclarationView = z.infer<typeof DeclarationView>

/** POST /v1/routing/versions, rollback and abort. `changed` false: it was so already. */
export const AppliedView = z.object({ changed: z.boolean(), version: VersionView })
export type AppliedView = z.infer<typeof AppliedView>

/** GET /v1/routing */
export const RoutingView = z.object({
  holds: z.nullable(VersionView),
  underway: z.nullable(VersionView),
  /** The watched folder, if there is one; drifted: it holds something else than the version that holds. */
  folder: z.nullable(z.object({ path: z.string(), drifted: z.boolean() })),
  problems: z.array(z.string()),
  gateways: z.array(
    z.object({
      gateway: z.string(),
      proxy: z.enum(['envoy', 'nginx']),
      mode: z.enum(['apply', 'observe']),
      /** The version that it is to have, and the newest that it has proven. */
      version: z.int(),
      proven: z.nullable(z.int()),
      routes: z.int(),
      rejected: z.array(z.string()),
    }),
  ),
})
export type RoutingView = z.infer<typeof RoutingView>

/** GET /v1/routing/diff */
export const DiffView = z.object({
  from: z.nullable(z.int()),
  to: z.int(),
  changes: z.array(GatewayChangeView),
})
export type DiffView = z.infer<typeof DiffView>

/** GET /v1/routing/gateways/:name/routes: in the order in which they are tried. */
export const RoutesView = z.object({
  gateway: z.string(),
  proxy: z.enum(['envoy', 'nginx']),
  version: z.int(),
  routes: z.array(
    z.object({
      name: z.string(),
      /** exact, prefix or template, and the path. */
      match: z.string(),
      /** Hosts, methods, headers, queries and clients that it asks for besides, as people would say it. */
      besides: z.array(z.string()),
      to: z.string(),
      path: z.string(),
      /** Who may come in: `open`, or the authenticator with the permissions. */
      access: z.string(),
      /** Rate, time, retries and the like. */
      policy: z.array(z.string()),
      /** How many instances can be called now; null: it leads to none. */
      endpoints: z.nullable(z.int()),
      source: z.string(),
    }),
  ),
})
export type RoutesView = z.infer<typeof RoutesView>
