import * as z from 'zod/mini'
import { port } from '#shared/config/fields.ts'
import { someText } from '#shared/protocol/plain-text.ts'
import { isReachable } from '../discovery/address.ts'
import { MetricsConfig } from '../metrics/config.ts'
import { defaultKind } from './default-checks.ts'
import { FlappingConfig } from './flapping.ts'
import { CheckConfig } from './kinds.ts'

const text = someText
const scalar = z.pipe(z.union([z.string(), z.number(), z.boolean()]), z.transform(String))

const Service = z.strictObject({
  /** The service's name, as it is routed and discovered. */
  name: text(100),
  /** basic-server, ai-service, auth-service, ... */
  type: z.optional(text(100)),
  /** The name of this copy, where there are several on the node; any UTF-8. Keeps its id when the port changes. */
  instance: z.optional(text(200)),
  /** Default: the node's address, which also stands in for 0.0.0.0, localhost and the like. */
  address: z.optional(text(253)),
  port: port(),
  cluster: z.optional(text(63)),
  version: z.optional(text(100)),
  tags: z._default(z.array(text(200)).check(z.maxLength(64)), []),
  metadata: z._default(z.record(text(200), scalar.check(z.maxLength(2_000))), {}),
  /** Its share of requests relative to its peers; 100 is normal. */
  weight: z.optional(z.int().check(z.gte(0), z.lte(1000))),
  /** Other names under which it may answer. */
  aliases: z._default(z.array(text(100)).check(z.maxLength(32)), []),
  /** Default: one of the kind that fits its type or port, http for most. */
  checks: z._default(z.array(CheckConfig).check(z.minLength(1), z.maxLength(16)), []),
  flapping: z.prefault(FlappingConfig, {}),
  /** Default: /metrics is tried where the service is checked over HTTP. */
  metrics: z.optional(MetricsConfig),
})

/** A service of this node: one instance of it, its copy at one address and port. */
export const ServiceConfig = Service.check(
  z.overwrite((service) => {
    if (service.checks.length > 0) return service
    return { ...service, checks: [CheckConfig.parse({ kind: defaultKind(service) })] }
  }),
)
export type ServiceConfig = z.infer<typeof ServiceConfig>

const mostBytes = 500_000

/** All services of a node: no two are the same instance, no two claim one address and port. */
export const ServiceConfigs = z.array(ServiceConfig).check(
  z.maxLength(500),
  z.superRefine((services, context) => {
    // The whole of a node is told in one message.
    const bytes = Buffer.byteLength(JSON.stringify(services))
    if (bytes > mostBytes) {
      const message = `too much for one report: ${bytes} bytes of at most ${mostBytes}`
      context.issues.push({ code: 'custom', message, input: services.length, path: [] })
    }
    for (const [kind, key] of [
      ['instance', instanceKey],
      ['address and port', placeKey],
    ] as const) {
      const seen = new Map<string, number>()
      for (const [index, service] of services.entries()) {
        const first = seen.get(key(service))
        if (first === undefined) seen.set(key(service), index)
        else {
          const message = `the same ${kind} as services[${first}] (${services[first]?.name})`
          context.issues.push({ code: 'custom', message, input: service.name, path: [index] })
        }
      }
    }
  }),
)

function instanceKey({ name, instance, port }: ServiceConfig): string {
  return `${name}\n${instance ?? port}`
}

function placeKey({ address, port }: ServiceConfig): string {
  return `${isReachable(address) ? address : ''}\n${port}`
}
