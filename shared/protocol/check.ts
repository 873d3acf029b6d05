import * as z from 'zod/mini'
import type { Reason } from './reason.ts'

export const healths = ['passing', 'warning', 'critical', 'unknown'] as const
export const Health = z.enum(healths)
export type Health = z.infer<typeof Health>

/** What a check found. */
export type Verdict = { readonly health: Health; readonly reason: Reason }

const common = {
  address: z.string().check(z.minLength(1), z.maxLength(253)),
  port: z.int().check(z.gte(1), z.lte(65535)),
  timeoutMs: z.number().check(z.gte(1), z.lte(60_000)),
}

/**
 * What one probe of a check does: enough for any vantage to run it. A new kind of check is added here, in shared/probe and
 * in the agent's configuration.
 */
export const ProbeSpec = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'),
    ...common,
    path: z.string().check(z.startsWith('/'), z.maxLength(2000)),
    /** The Host header, where it is not address and port. */
    host: z.optional(z.string()),
    tls: z.optional(z.boolean()),
    /** The service that should answer; who answers under another name is not it. */
    service: z.string(),
    /** Other names under which it may answer. */
    aliases: z.optional(z.array(z.string())),
  }),
  z.object({ kind: z.literal('tcp'), ...common }),
])
export type ProbeSpec = z.infer<typeof ProbeSpec>
export type HttpProbeSpec = Extract<ProbeSpec, { kind: 'http' }>
export type TcpProbeSpec = Extract<ProbeSpec, { kind: 'tcp' }>

/** What an instance is, as its agent (or a client) declares it. */
export const InstanceSpec = z.object({
  id: z.string().check(z.minLength(1), z.maxLength(100)),
  /** The service's name, as it is routed and discovered. */
  service: z.string().check(z.minLength(1), z.maxLength(100)),
  /** basic-server, ai-service, auth-service, ... */
  type: z.optional(z.string().check(z.maxLength(100))),
  /** The name that people gave this copy; any UTF-8. */
  name: z.optional(z.string().check(z.maxLength(200))),
  address: z.string().check(z.minLength(1), z.maxLength(253)),
  port: z.int().check(z.gte(1), z.lte(65535)),
  cluster: z.optional(z.string().check(z.maxLength(63))),
  version: z.optional(z.string().check(z.maxLength(100))),
  tags: z.array(z.string().check(z.maxLength(200))).check(z.maxLength(64)),
  metadata: z.record(z.string(), z.string()),
  /** Its share of requests relative to its peers; 100 is normal. */
  weight: z.optional(z.int().check(z.gte(0), z.lte(1000))),
  /** The checks that vantages may repeat; the first one decides whether it lives. */
  checks: z.array(ProbeSpec).check(z.maxLength(16)),
})
export type InstanceSpec = z.infer<typeof InstanceSpec>
