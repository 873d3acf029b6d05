import * as z from 'zod/mini'
import { duration, plainName, port } from '#shared/config/fields.ts'
import { isIp, isPrefix, isPrintable, prefixError } from './texts.ts'

// What people write. Every object is strict, so that a misspelt key is a problem; whatever has one sensible value has it as default, and
// what has none (whether a prefix is stripped) must be said.

/** The cluster by which an Envoy's own bootstrap names the control plane. */
export const xdsCluster = 'heddle-xds'

const ip = z.string().check(z.refine(isIp, { error: 'expected an IP address such as "0.0.0.0" or "::1"' }))
const logPath = z
  .string()
  .check(z.regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: 'expected an absolute path of letters, digits, ".", "_" and "-"' }))

const Listener = z.strictObject({
  name: z.optional(plainName()),
  address: z._default(ip, '0.0.0.0'),
  port: port(),
})

const Gateway = z
  .strictObject({
    proxy: z.enum(['envoy', 'nginx'], { error: 'expected "envoy" or "nginx"' }),
    /** How an Envoy gets what it serves: by the stream to the plane, or by files from the agent on its node. Nginx takes files only. */
    delivery: z.optional(z.enum(['xds', 'files'], { error: 'expected "xds" or "files"' })),
    /** observe: show what the proxy would get; apply: give it. */
    mode: z._default(z.enum(['observe', 'apply'], { error: 'expected "observe" or "apply"' }), 'apply'),
    listeners: z.array(Listener).check(z.minLength(1, { error: 'expected at least one listener' })),
    access_log: z.optional(logPath),
    attempt_log: z.optional(logPath),
  })
  .check(
    z.refine(({ proxy, delivery }) => proxy === 'envoy' || delivery !== 'xds', {
      path: ['delivery'],
      error: 'an Nginx takes files only',
    }),
  )

export const ServicePart = z.strictObject({
  balance: z._default(
    z.enum(['round_robin', 'least_request'], { error: 'expected "round_robin" or "least_request"' }),
    'round_robin',
  ),
  outlier_ejection: z._default(z.boolean(), true),
  connect_timeout: z._default(duration(1), 1_000),
  /** Shorter than the servers' own keep-alive, of which 5 s is the common least. */
  idle_timeout: z._default(duration(1), 4_000),
  /** Only instances of this cluster. */
  cluster: z.optional(plainName()),
})

const Route = z.strictObject({
  name: z.optional(plainName()),
  /** On which gateways; all of them if left out. */
  gateways: z.optional(z.array(z.string()).check(z.minLength(1, { error: 'expected at least one gateway' }))),
  prefix: z.string().check(z.refine(isPrefix, { error: prefixError })),
  service: serviceName(),
  path: z.enum(['strip', 'keep'], { error: 'say what becomes of the prefix: "strip" takes it off, "keep" leaves it' }),
  timeout: z._default(duration(1), 15_000),
  retries: z._default(z.int().check(z.gte(0), z.lte(5, { error: 'expected 0 to 5' })), 1),
})

/** One file of a declaration. Several files of a folder make one declaration together. */
export const DeclarationFile = z.strictObject({
  gateways: z._default(z.record(plainName(), Gateway), {}),
  services: z._default(z.record(serviceName(), ServicePart), {}),
  routes: z._default(z.array(Route), []),
})
export type DeclarationFile = z.infer<typeof DeclarationFile>
export type GatewayPart = z.infer<typeof Gateway>
export type ServicePart = z.infer<typeof ServicePart>
export type RoutePart = z.infer<typeof Route>

/** Any text, as services are named, without control characters. */
function serviceName() {
  return z.string().check(
    z.minLength(1, { error: 'expected a name' }),
    z.maxLength(100, { error: 'expected at most 100 characters' }),
    z.refine(isPrintable, { error: 'expected a name without control characters' }),
    z.refine((name) => name !== xdsCluster, { error: `"${xdsCluster}" is the name of the control plane itself` }),
  )
}
