import * as z from 'zod/mini'
import { plainText, someText, wholeText } from './plain-text.ts'
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

const tls = z.optional(z.boolean())
const name = z.string().check(z.maxLength(200))

/**
 * What one probe of a check does: enough for any vantage to run it, and nothing secret. A new kind of check is added here, in
 * shared/probe and in the agent's configuration. Checks that look at the agent's own host (process, command) are none of these:
 * no message can carry them, so nobody else can have them run.
 */
export const ProbeSpec = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'),
    ...common,
    path: z.string().check(z.startsWith('/'), z.maxLength(2000)),
    /** The Host header, where it is not address and port. */
    host: z.optional(z.string()),
    tls,
    /** The service that should answer; who answers under another name is not it. */
    service: z.string(),
    /** Other names under which it may answer. */
    aliases: z.optional(z.array(z.string())),
  }),
  z.object({ kind: z.literal('tcp'), ...common }),
  /** `service` as grpc.health.v1 knows it; empty for the server as a whole. */
  z.object({ kind: z.literal('grpc'), ...common, service: name, tls }),
  z.object({ kind: z.literal('mysql'), ...common, user: name }),
  z.object({ kind: z.literal('postgresql'), ...common, user: name, database: name, tls }),
  z.object({ kind: z.literal('redis'), ...common, tls }),
  z.object({ kind: z.literal('mongodb'), ...common, tls }),
  z.object({ kind: z.literal('elasticsearch'), ...common, tls }),
  z.object({ kind: z.literal('neo4j'), ...common, tls }),
])
export type ProbeSpec = z.infer<typeof ProbeSpec>
export type ProbeKind = ProbeSpec['kind']
export type ProbeSpecOf<K extends ProbeKind> = Extract<ProbeSpec, { kind: K }>
export type HttpProbeSpec = ProbeSpecOf<'http'>
export type TcpProbeSpec = ProbeSpecOf<'tcp'>

export const probeKinds: readonly ProbeKind[] = ProbeSpec.def.options.flatMap(({ shape }) => [...shape.kind.def.values])
/** What an agent can probe that does not say so. */
export const firstProbeKinds: readonly ProbeKind[] = ['http', 'tcp']

/** Probes to run, by id. Those of kinds that this version does not know are passed over. */
export const ProbeSpecs = z.pipe(
  z.pipe(
    z.record(z.string(), z.unknown()),
    z.transform((specs: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(specs).filter(([, spec]) => !isOfUnknownKind(spec))),
    ),
  ),
  z.record(z.string(), ProbeSpec),
)

/**
 * The checks of an instance up to the first of a kind that this version does not know: where nobody here could repeat the check that
 * decides, no other may stand in for it.
 */
const Checks = z.pipe(
  z.pipe(z.array(z.unknown()).check(z.maxLength(16)), z.transform(untilUnknownKind)),
  z.array(ProbeSpec).check(z.maxLength(16)),
)

function untilUnknownKind(specs: unknown[]): unknown[] {
  const end = specs.findIndex(isOfUnknownKind)
  return end < 0 ? specs : specs.slice(0, end)
}

function isOfUnknownKind(spec: unknown): boolean {
  if (typeof spec !== 'object' || spec === null || !('kind' in spec) || typeof spec.kind !== 'string') return false
  return !(probeKinds as readonly string[]).includes(spec.kind)
}

/** What an instance is, as its agent (or a client) declares it. */
export const InstanceSpec = z.object({
  id: someText(100),
  /** The service's name, as it is routed and discovered. */
  service: someText(100),
  /** basic-server, ai-service, auth-service, ... */
  type: z.optional(plainText(100)),
  /** The name that people gave this copy; any UTF-8. */
  name: z.optional(plainText(200)),
  address: someText(253),
  port: z.int().check(z.gte(1), z.lte(65535)),
  cluster: z.optional(plainText(63)),
  version: z.optional(plainText(100)),
  tags: z.array(plainText(200)).check(z.maxLength(64)),
  metadata: z.record(plainText(200), wholeText()),
  /** Its share of requests relative to its peers; 100 is normal. */
  weight: z.optional(z.int().check(z.gte(0), z.lte(1000))),
  /** The checks that vantages may repeat; the first one decides whether it lives. */
  checks: Checks,
})
/** What a client without an agent registered in its own words, for reports. No agent sends it. */
export type AsRegistered = {
  readonly url?: string
  /** Any JSON. */
  readonly capabilities?: unknown
  readonly config?: Readonly<Record<string, unknown>>
}
export type InstanceSpec = z.infer<typeof InstanceSpec> & { readonly registered?: AsRegistered }
