import * as z from 'zod/mini'
import { duration, port } from '#shared/config/fields.ts'
import type { HttpProbeSpec, ProbeSpec } from '#shared/protocol/check.ts'

/** What an instance's checks inherit from it. */
export type Checked = {
  readonly address: string
  readonly port: number
  readonly service: string
  readonly aliases: readonly string[]
}

const count = z.int().check(z.gte(1), z.lte(100))
const path = z.string().check(z.regex(/^\/.{0,1999}$/s, { error: 'expected a path that begins with "/"' }))

/** What every check has. */
const common = {
  /** Default: the service's. */
  port: z.optional(port()),
  interval: z._default(duration(100), 5_000),
  timeout: z._default(duration(10).check(z.lte(60_000, { error: 'expected at most 60s' })), 2_000),
  rise: z._default(count, 2),
  fall: z._default(count, 2),
  /** How often it runs while it is critical, if that is sooner than its interval. */
  recheck: z._default(duration(100), 1_000),
}

/** One check of a service. A new kind is one entry here and one case in `probeOf`. */
export const CheckConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    path: z._default(path, '/health'),
    host: z.optional(z.string().check(z.minLength(1), z.maxLength(253))),
    tls: z._default(z.boolean(), false),
    ...common,
  }),
  z.strictObject({ kind: z.literal('tcp'), ...common }),
])
export type CheckConfig = z.infer<typeof CheckConfig>

/** The probe that a configured check makes of an instance. */
export function probeOf(check: CheckConfig, checked: Checked): ProbeSpec {
  const target = { address: checked.address, port: check.port ?? checked.port, timeoutMs: check.timeout }
  switch (check.kind) {
    case 'http': {
      const { path, host, tls } = check
      const spec: HttpProbeSpec = { kind: 'http', ...target, path, service: checked.service }
      if (host !== undefined) spec.host = host
      if (tls) spec.tls = true
      if (checked.aliases.length > 0) spec.aliases = [...checked.aliases]
      return spec
    }
    case 'tcp':
      return { kind: 'tcp', ...target }
  }
}
