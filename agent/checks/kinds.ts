import * as z from 'zod/mini'
import { duration, plainName, port } from '#shared/config/fields.ts'
import type { HttpProbeSpec } from '#shared/protocol/check.ts'
import type { CommandConfigs } from './commands.ts'
import type { CheckSpec } from './host-spec.ts'

/** What an instance's checks inherit from it. */
export type Checked = {
  readonly address: string
  readonly port: number
  readonly service: string
  readonly aliases: readonly string[]
  /** What its host allows checks to run. */
  readonly commands?: CommandConfigs | undefined
}

const count = z.int().check(z.gte(1), z.lte(100))
const path = z.string().check(z.regex(/^\/.{0,1999}$/s, { error: 'expected a path that begins with "/"' }))

/** What every check has. */
const timing = {
  interval: z._default(duration(100), 5_000),
  timeout: z._default(duration(10).check(z.lte(60_000, { error: 'expected at most 60s' })), 2_000),
  rise: z._default(count, 2),
  fall: z._default(count, 2),
  /** How often it runs while it is critical, if that is sooner than its interval. */
  recheck: z._default(duration(100), 1_000),
}
const common = {
  /** Default: the service's. */
  port: z.optional(port()),
  ...timing,
}
const tls = z._default(z.boolean(), false)
const text = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))
const wholePath = z.string().check(z.maxLength(4096), z.regex(/^\/[^\0]*$/, { error: 'expected a whole path' }))
const unitName = z.string().check(z.regex(/^[A-Za-z0-9:_@\\][A-Za-z0-9:_.@\\-]{0,254}$/, { error: 'expected a unit' }))

/** One check of a service. A new kind is one entry here and one case in `probeOf`; docs/checks.md says what each does. */
export const CheckConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    path: z._default(path, '/health'),
    host: z.optional(z.string().check(z.minLength(1), z.maxLength(253))),
    tls,
    ...common,
  }),
  z.strictObject({ kind: z.literal('tcp'), ...common }),
  z.strictObject({
    kind: z.literal('grpc'),
    /** As grpc.health.v1 knows it. Default: the server as a whole. */
    service: z._default(z.string().check(z.maxLength(200)), ''),
    tls,
    ...common,
  }),
  /** Who is said to ask. It needs no account, and no rights if there is one. */
  z.strictObject({ kind: z.literal('mysql'), user: z._default(text(32), 'heddle'), ...common }),
  z.strictObject({
    kind: z.literal('postgresql'),
    user: z._default(text(63), 'postgres'),
    database: z._default(text(63), 'postgres'),
    tls,
    ...common,
  }),
  z.strictObject({ kind: z.literal('redis'), tls, ...common }),
  z.strictObject({ kind: z.literal('mongodb'), tls, ...common }),
  z.strictObject({ kind: z.literal('elasticsearch'), tls, ...common }),
  z.strictObject({ kind: z.literal('neo4j'), tls, ...common }),
  z
    .strictObject({
      kind: z.literal('process'),
      /** As `ps -o comm` shows it. */
      name: z.optional(text(255)),
      pid_file: z.optional(wholePath),
      /** A unit of systemd. */
      unit: z.optional(unitName),
      ...common,
    })
    .check(
      z.refine(({ unit, name, pid_file }) => unit === undefined || (name ?? pid_file) === undefined, {
        error: 'expected a unit alone, or a name, a pid_file or both',
      }),
    ),
  /** One of `commands`, by its name there. */
  z.strictObject({ kind: z.literal('command'), command: plainName(), ...timing }),
])
export type CheckConfig = z.infer<typeof CheckConfig>

/** What a configured check asks of an instance, or of its host. */
export function probeOf(check: CheckConfig, checked: Checked): CheckSpec {
  const { timeout: timeoutMs } = check
  if (check.kind === 'command') {
    const { command } = check
    const { commands = {} } = checked
    return {
      kind: 'command',
      command,
      run: Object.hasOwn(commands, command) ? commands[command]?.run : undefined,
      timeoutMs,
    }
  }
  const port = check.port ?? checked.port
  const target = { address: checked.address, port, timeoutMs }
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
    case 'grpc':
      return { kind: 'grpc', ...target, service: check.service, ...tlsOf(check) }
    case 'mysql':
      return { kind: 'mysql', ...target, user: check.user }
    case 'postgresql':
      return { kind: 'postgresql', ...target, user: check.user, database: check.database, ...tlsOf(check) }
    case 'redis':
    case 'mongodb':
    case 'elasticsearch':
    case 'neo4j':
      return { kind: check.kind, ...target, ...tlsOf(check) }
    case 'process':
      return { kind: 'process', name: check.name, pidFile: check.pid_file, unit: check.unit, port, timeoutMs }
  }
}

function tlsOf({ tls }: { readonly tls: boolean }): { readonly tls?: true } {
  return tls ? { tls } : {}
}
