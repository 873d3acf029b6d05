import * as z from 'zod/mini'
import { port } from '#shared/config/fields.ts'
import type { HttpProbeSpec, ProbeSpec, TcpProbeSpec } from '#shared/protocol/check.ts'

/** What an instance's checks inherit from it. */
export type Checked = {
  readonly address: string
  readonly port: number
  readonly service: string
  readonly aliases: readonly string[]
}

const path = z.string().check(z.regex(/^\/.{0,1999}$/s, { error: 'expected a path that begins with "/"' }))

/** What the configuration of a check may say, by kind, besides its times. A new kind is one entry here and one in `probeOf`. */
export const checkFields = {
  http: {
    kind: z.literal('http'),
    path: z._default(path, '/health'),
    host: z.optional(z.string().check(z.minLength(1), z.maxLength(253))),
    tls: z._default(z.boolean(), false),
    port: z.optional(port()),
  },
  tcp: { kind: z.literal('tcp'), port: z.optional(port()) },
} as const

type Fields = { [K in keyof typeof checkFields]: z.infer<z.ZodMiniObject<(typeof checkFields)[K]>> }
export type CheckTarget = Fields[keyof Fields]

/** The probe that a configured check makes of an instance. */
export function probeOf(target: CheckTarget, checked: Checked, timeoutMs: number): ProbeSpec {
  const common = { address: checked.address, port: target.port ?? checked.port, timeoutMs }
  switch (target.kind) {
    case 'http': {
      const { path, host, tls } = target
      const spec: HttpProbeSpec = { kind: 'http', ...common, path, service: checked.service }
      if (host !== undefined) spec.host = host
      if (tls) spec.tls = true
      if (checked.aliases.length > 0) spec.aliases = [...checked.aliases]
      return spec
    }
    case 'tcp':
      return { kind: 'tcp', ...common } satisfies TcpProbeSpec
  }
}
