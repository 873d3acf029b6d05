import * as z from 'zod/mini'
import { duration, plainName, port } from '#shared/config/fields.ts'
import { certificateFolders, logFolders } from './host-folders.ts'

const localError = (example: string) => `expected a loopback address with a port, such as "${example}"`
const absolute = () => z.string().check(z.regex(/^\/[^\0\n]*$/, { error: 'expected an absolute path' }))
const count = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most))

/** A loopback address and port that only this gateway's proxy listens on: there it proves what it serves. */
export const local = (example: string) =>
  z
    .string()
    .check(
      z.refine(
        (text) => /^(?:127(?:\.\d{1,3}){3}|\[::1\]):\d+$/.test(text) && z.safeParse(port(), portOf(text)).success,
        { error: localError(example) },
      ),
    )

const paces = {
  /** How often a set is tried again that something else than its content keeps from being served. */
  retry_every: z._default(duration(50), 5000),
  /** How often the files, and what the proxy serves, are compared as a whole; what is quarantined is tried again then. */
  compare_every: z._default(duration(100), 60_000),
  test_timeout: z._default(duration(100), 20_000),
  proof_timeout: z._default(duration(100), 20_000),
  /** How long the balancers in front may take to see that the health path fails, before a gateway that drains counts as drained. */
  drain_notice: z._default(duration(0), 10_000),
}

const hosts = {
  /** Folders of this host that the plane may name files in; whatever is elsewhere is refused. */
  allow: z.prefault(
    z.strictObject({
      /** Where the proxy may write access logs. */
      logs: logFolders(),
      /** Where it may read certificates, their keys and authorities. */
      certificates: certificateFolders(),
    }),
    {},
  ),
}

/** A gateway whose Nginx runs on this node. */
export const NginxGatewayConfig = z
  .strictObject({
    name: plainName(),
    proxy: z.literal('nginx'),
    /** The program; looked for on PATH and in the sbin folders. */
    binary: z._default(z.string().check(z.minLength(1)), 'nginx'),
    /** The main file is the agent's own, and nothing else runs in this Nginx. Otherwise `main_config` is the operator's. */
    managed: z._default(z.boolean(), false),
    /** The agent starts Nginx and keeps it running. Otherwise somebody else does (systemd), and the agent only reloads it. */
    run: z._default(z.boolean(), false),
    /** The operator's main file, which includes `folder`. */
    main_config: z._default(absolute(), '/etc/nginx/nginx.conf'),
    /** The prefix with which the operator's Nginx is started (`-p`), where it is not the one that it was built with. */
    prefix: z.optional(absolute()),
    /** Where the files of this gateway go. Default: /etc/nginx/conf.d; of a managed one, a folder in the agent's state. */
    folder: z.optional(absolute()),
    /** Default: /run/nginx.pid; of a managed one, a file in the agent's state. */
    pid_file: z.optional(absolute()),
    /** Where this Nginx writes its errors: read to say why a reload failed. A managed one has its own. */
    error_log: z.optional(absolute()),
    /** Where systemd runs this Nginx as that unit: the helper reloads it, if there is one. Without, the agent signals it itself. */
    unit: z.optional(
      z.string().check(
        z.regex(/^[A-Za-z0-9:_][A-Za-z0-9:_.@-]{0,200}\.service$/, {
          error: 'expected a unit, such as "nginx.service"',
        }),
      ),
    ),
    proof: z._default(local('127.0.0.1:18099'), '127.0.0.1:18099'),
    reloads_per_minute: z._default(count(1, 600), 6),
    draining_generations: z._default(count(1, 100), 4),
    /** Ask workers of the old generation to finish as soon as the new ones are ready, instead of 100 ms later. */
    hasten: z._default(z.boolean(), true),
    /** How long a worker may finish its requests after a reload (managed). */
    worker_shutdown_timeout: z._default(duration(1000), 30_000),
    /** Worker processes (managed). Default: one a core. */
    workers: z.optional(count(1, 256)),
    worker_connections: z._default(count(64, 1_000_000), 4096),
    /** The user of the workers when Nginx is started as root (managed). Default: Nginx's own. */
    user: z.optional(plainName()),
    ...hosts,
    ...paces,
  })
  .check(
    z.refine((gateway) => gateway.managed || !gateway.run, {
      path: ['run'],
      error: 'the agent can run Nginx only with a main file of its own: set managed: true',
    }),
    z.refine((gateway) => !gateway.run || gateway.unit === undefined, {
      path: ['unit'],
      error: 'the agent runs this Nginx itself: there is no unit',
    }),
  )
export type NginxGatewayConfig = z.infer<typeof NginxGatewayConfig>

/** A gateway whose Envoy runs on this node and is given files (`delivery: files` in the declaration). */
export const EnvoyGatewayConfig = z.strictObject({
  name: plainName(),
  proxy: z.literal('envoy'),
  /** The program; looked for on PATH. Where it is not there sets are not tested beforehand, only proven afterwards. */
  binary: z._default(z.string().check(z.minLength(1)), 'envoy'),
  /** The agent starts Envoy and keeps it running. Otherwise somebody else does (systemd), with the bootstrap file in `folder`. */
  run: z._default(z.boolean(), false),
  /** Where the files of this gateway go. Default: a folder in the agent's state. */
  folder: z.optional(absolute()),
  /** Envoy's admin page: there it proves what it serves. */
  admin: z._default(local('127.0.0.1:9901'), '127.0.0.1:9901'),
  /** Names this Envoy in its own logs. Default: the host's name. */
  node_id: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  /** Where this Envoy writes its log (`--log-path`): read to say why something was rejected. One that the agent runs has its own. */
  error_log: z.optional(absolute()),
  /** Worker threads (run). Default: one a core. */
  workers: z.optional(count(1, 256)),
  /** Memory from which on it refuses rather than dies, in MiB. Written into its bootstrap file. */
  max_heap_mib: z._default(count(64, 1_000_000), 2048),
  /** Connections of clients at once, over all its listeners; more are not taken. */
  max_connections: z._default(count(1, 10_000_000), 50_000),
  ...hosts,
  ...paces,
})
export type EnvoyGatewayConfig = z.infer<typeof EnvoyGatewayConfig>

/** A gateway whose proxy runs on this node; an Nginx if nothing else is said. */
export const GatewayConfig = z.pipe(
  z.transform((value: unknown) =>
    typeof value === 'object' && value !== null && !('proxy' in value) ? { proxy: 'nginx', ...value } : value,
  ),
  z.discriminatedUnion('proxy', [NginxGatewayConfig, EnvoyGatewayConfig], { error: 'expected "nginx" or "envoy"' }),
)
export type GatewayConfig = z.infer<typeof GatewayConfig>

/** All gateways of a node: each has a name, a folder and an address for its proof for itself. */
export const GatewayConfigs = z.array(GatewayConfig).check(
  z.superRefine((gateways, context) => {
    for (const key of ['name', 'folder', 'proof', 'admin', 'pid_file'] as const) {
      for (const [index, gateway] of gateways.entries()) {
        const value = effective(gateway, key)
        const first = gateways.findIndex((other) => effective(other, key) === value)
        if (value === undefined || first === index) continue
        const message = `gateways ${gateways[first]?.name} and ${gateway.name} both have ${key} ${value}`
        context.issues.push({ code: 'custom', message, input: value, path: [index, key] })
      }
    }
  }),
)

function effective(
  gateway: GatewayConfig,
  key: 'name' | 'folder' | 'proof' | 'admin' | 'pid_file',
): string | undefined {
  if (key === 'name') return gateway.name
  if (gateway.proxy === 'envoy') return key === 'folder' || key === 'admin' ? gateway[key] : undefined
  if (key === 'admin') return undefined
  if (key === 'folder') return gateway.folder ?? (gateway.managed ? undefined : defaultFolder)
  // Two gateways in the operator's one Nginx have one process between them.
  if (key === 'pid_file') return gateway.managed ? gateway.pid_file : undefined
  return gateway[key]
}

export const defaultFolder = '/etc/nginx/conf.d'
export const defaultPidFile = '/run/nginx.pid'

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
