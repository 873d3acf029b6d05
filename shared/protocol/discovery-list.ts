import * as z from 'zod/mini'
import { durationMs } from '../config/fields.ts'

const text = z.string().check(z.minLength(1), z.maxLength(200))
const healths = ['healthy', 'passing', 'warning', 'critical', 'unknown'] as const

/** What every discovery call may be narrowed to; of a list of the same parameter the last one counts. */
const narrowing = {
  service: z.optional(text),
  cluster: z.optional(text),
  tag: z.optional(text),
  /** In the words of the registry (`healthy`) or of Consul (`passing`). */
  health: z.optional(z.enum(healths)),
}

/** GET /v1/discovery/prometheus */
export const TargetsQuery = z.strictObject(narrowing)

/** GET /v1/discovery. With `index` it answers when something else than what had that index is there, or when `wait` is over. */
export const DiscoveryQuery = z.strictObject({
  ...narrowing,
  index: z.optional(z.coerce.number().check(z.int(), z.gte(0))),
  wait: z._default(
    z.pipe(
      z.string().check(
        z.refine((wait) => (durationMs(wait) ?? 0) >= 1 && (durationMs(wait) ?? 0) <= 300_000, {
          error: 'expected a duration such as "30s", at most "5m"',
        }),
      ),
      z.transform((wait: string) => durationMs(wait) ?? 0),
    ),
    30_000,
  ),
})
export type DiscoveryQuery = z.output<typeof DiscoveryQuery>

/** One instance, whoever knows of it. */
export const DiscoveredView = z.object({
  /** The instance's id; of a foreign one `<datacenter>/<node>/<service id>`. */
  id: z.string(),
  service: z.string(),
  /** basic-server, ai-service, ...; empty if nobody said. */
  type: z.string(),
  address: z.string(),
  port: z.int(),
  /** Its share of requests relative to its peers; 100 is normal, 0 gets none. */
  weight: z.int(),
  /** Empty if nobody said. */
  cluster: z.string(),
  tags: z.array(z.string()),
  version: z.string(),
  health: z.enum(['healthy', 'warning', 'critical', 'unknown']),
  /** The words of the registry API; `discovered`: only a Consul knows of it. */
  status: z.enum(['registered', 'active', 'inactive', 'failed', 'discovered']),
  routable: z.enum(['yes', 'last', 'no']),
  /** Whose word this is: an agent's, a client's, or that of a Consul in which somebody else has registered it. */
  origin: z.enum(['agent', 'client', 'kubernetes', 'foreign']),
  node: z.string(),
  /** The Consul datacenters in which somebody else has registered it. */
  datacenters: z.array(z.string()),
  /** Other names under which it is registered there: it is found by each of them. */
  aliases: z.array(z.string()),
})
export type DiscoveredView = z.infer<typeof DiscoveredView>

/** The answer of GET /v1/discovery. */
export const DiscoveryView = z.object({
  /** Those of type `basic-server`, or of a service whose name begins with it. */
  basic_servers: z.array(DiscoveredView),
  /** All others. */
  zervi_services: z.array(DiscoveredView),
  /** How many both are together. */
  total_services: z.int(),
})
export type DiscoveryView = z.infer<typeof DiscoveryView>

/** The answer of GET /v1/discovery/prometheus, as `http_sd_configs` reads it. */
export const TargetsView = z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }))
export type TargetsView = z.infer<typeof TargetsView>
