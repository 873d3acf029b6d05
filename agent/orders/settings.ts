import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { schemaProblems } from '#shared/config/problem.ts'
import { LevelName, type SettingsProblem } from '#shared/protocol/orders.ts'
import type { ServiceConfig } from '../checks/config.ts'
import type { DiscoveryConfig } from '../discovery/config.ts'
import { Action, Rule } from '../discovery/policy.ts'
import { MetricsConfig } from '../metrics/config.ts'

const count = z.int().check(z.gte(1), z.lte(100))
const pattern = z.string().check(z.minLength(1), z.maxLength(100))

const Service = z.strictObject({
  /** For each of its checks. */
  checks: z.optional(
    z.strictObject({
      interval: z.optional(duration(100)),
      timeout: z.optional(duration(10).check(z.lte(60_000, { error: 'expected at most 60s' }))),
      rise: z.optional(count),
      fall: z.optional(count),
      recheck: z.optional(duration(100)),
    }),
  ),
  metrics: z.optional(
    z.strictObject({
      interval: z.optional(duration(1_000)),
      keep: z.optional(z.array(pattern).check(z.maxLength(100))),
    }),
  ),
})

/**
 * What of the agent's configuration may be set from afar: how often, how long, how much. Never what is run, read or written on its
 * host, what its host allows, or which planes it talks to. A setting that joins them is one entry here.
 */
export const RemoteSettings = z.strictObject({
  logging: z.optional(z.strictObject({ level: z.optional(LevelName) })),
  /** By the name of the service; `*` stands for each, and comes first. */
  services: z.optional(z.record(z.string().check(z.minLength(1), z.maxLength(100)), Service)),
  discovery: z.optional(
    z.strictObject({ policy: z.optional(z.array(Rule).check(z.maxLength(200))), default: z.optional(Action) }),
  ),
})
export type RemoteSettings = z.infer<typeof RemoteSettings>

const mostProblems = 20

/** What a document says, or everything that is wrong with it. */
export function readSettings(
  document: unknown,
):
  | { readonly settings: RemoteSettings; readonly problems?: undefined }
  | { readonly settings?: undefined; readonly problems: readonly SettingsProblem[] } {
  const result = z.safeParse(RemoteSettings, document)
  if (result.success) return { settings: result.data }
  const problems = schemaProblems(result.error.issues, document, () => ({ file: '' }), RemoteSettings)
  return {
    problems: problems
      .slice(0, mostProblems)
      .map(({ path, message }) => ({ path: path.slice(0, 500), message: message.slice(0, 500) })),
  }
}

/** A service as it is looked after with these settings. */
export function adjusted(service: ServiceConfig, { services = {} }: RemoteSettings): ServiceConfig {
  let next = service
  for (const name of ['*', service.name]) {
    const wanted = Object.hasOwn(services, name) ? services[name] : undefined
    if (wanted?.checks) {
      const timing = withoutUndefined(wanted.checks)
      next = { ...next, checks: next.checks.map((check) => ({ ...check, ...timing })) }
    }
    if (wanted?.metrics) next = withMetrics(next, withoutUndefined(wanted.metrics))
  }
  return next
}

/** What is done about strangers with these settings. */
export function discoveryWith(own: DiscoveryConfig, settings: () => RemoteSettings): DiscoveryConfig {
  return {
    ...own,
    get policy() {
      return settings().discovery?.policy ?? own.policy
    },
    get default() {
      return settings().discovery?.default ?? own.default
    },
  }
}

function withMetrics(service: ServiceConfig, wanted: { interval?: number; keep?: string[] }): ServiceConfig {
  const { metrics, checks } = service
  // One that its host does not want read, or that speaks another protocol, is not read.
  if (metrics === false || (metrics === undefined && !checks.some(({ kind }) => kind === 'http'))) return service
  const page = metrics ?? z.parse(MetricsConfig, {})
  return page === false ? service : { ...service, metrics: { ...page, ...wanted } }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
