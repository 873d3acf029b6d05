import { readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { httpUrl, port } from '#shared/config/fields.ts'
import { type Problem, problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { Failure } from '#shared/failure/failure.ts'
import { someText } from '#shared/protocol/plain-text.ts'
import { AuthorizerConfigs } from './authorizer/config.ts'
import { BufferConfig } from './buffer/config.ts'
import { CommandConfigs, notAllowedIn } from './checks/commands.ts'
import { ServiceConfigs } from './checks/config.ts'
import { DiscoveryConfig } from './discovery/config.ts'
import { EnvoyConfigs } from './envoys/config.ts'
import { GatewayConfigs } from './gateway/config.ts'
import { AgentIdentityConfig } from './identity/config.ts'
import { OrdersConfig } from './orders/config.ts'
import { UpgradeConfig } from './upgrade/config.ts'

const name = someText

/** The agent's configuration. One schema gives types, defaults and checks. */
export const AgentConfig = z
  .strictObject({
    /** How far this installation reaches; told with each instance as `environment`. */
    mode: z.optional(z.enum(['local', 'cluster', 'staging', 'production'])),
    /** The control planes that share a store, or one; any of them will do, and each agent has an order of its own. */
    planes: z._default(z.array(httpUrl()).check(z.minLength(1), z.maxLength(16)), ['http://127.0.0.1:8888']),
    node: z.prefault(
      z.strictObject({
        /** Display name, any UTF-8. Default: the host's name. */
        name: z.optional(name(200)),
        site: z._default(name(200), 'default'),
        cluster: z.optional(name(63)),
        /** Where others reach this node. Default: found out. */
        address: z.optional(name(253)),
        /** Which machine this is, where /etc/machine-id does not tell (containers). */
        machine: z.optional(name(128)),
      }),
      {},
    ),
    /** By what planes that are asked over TLS let it in. */
    identity: z.prefault(AgentIdentityConfig, {}),
    /** The agent's own folder: its identity, what no plane was told yet, and what its gateways last served. */
    state_dir: z._default(name(4096), '/var/lib/heddle-agent'),
    /** What is kept while no plane hears it. */
    buffer: z.prefault(BufferConfig, {}),
    services: z._default(ServiceConfigs, []),
    /** The commands that checks of this host may run; only this file can name them. */
    commands: z._default(CommandConfigs, {}),
    /** What it does about services of this host that nobody declared. */
    discovery: z.prefault(DiscoveryConfig, {}),
    gateways: z._default(GatewayConfigs, []),
    /** The Envoys on this node that ask the plane themselves, to count their requests and see what they run. */
    envoys: z._default(EnvoyConfigs, []),
    /** The gateways for whose proxies, on this node, it checks tokens. */
    authorizers: z._default(AuthorizerConfigs, []),
    /** What the plane may have done on this host. */
    orders: z.prefault(OrdersConfig, {}),
    /** Who may say what is installed in its place. */
    upgrade: z.prefault(UpgradeConfig, {}),
    /** Its own /health and /metrics; loopback unless told otherwise. */
    admin: z.prefault(
      z.strictObject({
        address: z._default(name(253), '127.0.0.1'),
        port: z._default(port(), 9180),
        enabled: z._default(z.boolean(), true),
        /** Names under which it is asked besides its addresses, `localhost` and the host's name: others are refused. */
        names: z._default(z.array(name(253)).check(z.maxLength(32)), []),
      }),
      {},
    ),
    logging: z.prefault(
      z.strictObject({ level: z._default(z.enum(['trace', 'debug', 'info', 'warn', 'error']), 'info') }),
      {},
    ),
  })
  .check(
    z.superRefine((config, context) => {
      for (const { path, command } of notAllowedIn(config)) {
        context.issues.push({ code: 'custom', message: 'no such command in `commands`', input: command, path })
      }
    }),
  )
export type AgentConfig = z.infer<typeof AgentConfig>

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that start scripts set, and ours that say the same. Ours win. */
const formerNames = {
  NODE_ID: 'HEDDLE_NODE__NAME',
  CLUSTER_MANAGER: 'HEDDLE_PLANES',
  CLUSTER_MODE: 'HEDDLE_MODE',
} as const

/** A configuration out of a YAML text and the environment, or every problem with its place. */
export function readAgentConfig(text: string, file: string, environment: Environment) {
  const settings = { ...formerSettings(environment), ...environment }
  const { config, problems } = readConfig(AgentConfig, text, file, settings, ['ca', 'plane', 'token_file'])
  return config ? { config, problems: [] } : { problems: problems.map((problem) => namedAsSet(problem, environment)) }
}

/** Reads a configuration file. Throws CONFIG_UNREADABLE, or CONFIG_INVALID with every problem on its own line. */
export async function loadAgentConfig(file: string, environment: Environment): Promise<AgentConfig> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${file}`, { cause })
  })
  const { config, problems } = readAgentConfig(text, file, environment)
  if (config) return config
  throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'), { remedy: `Correct ${file}.` })
}

function formerSettings(environment: Environment): Environment {
  const { NODE_ID, CLUSTER_MANAGER, CLUSTER_MODE } = environment
  return {
    // In quotes: a name that looks like a number is a name.
    ...(NODE_ID ? { [formerNames.NODE_ID]: JSON.stringify(NODE_ID) } : {}),
    ...(CLUSTER_MANAGER ? { [formerNames.CLUSTER_MANAGER]: JSON.stringify([withScheme(CLUSTER_MANAGER)]) } : {}),
    ...(CLUSTER_MODE ? { [formerNames.CLUSTER_MODE]: JSON.stringify(CLUSTER_MODE) } : {}),
  }
}

function withScheme(address: string): string {
  return /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
}

function namedAsSet(problem: Problem, environment: Environment): Problem {
  for (const [former, ours] of Object.entries(formerNames)) {
    if (problem.file === ours && environment[ours] === undefined) return { ...problem, file: former }
  }
  return problem
}
