import * as z from 'zod/mini'
import { type EffectiveSetting, effectiveSettings } from '#shared/config/effective.ts'
import { httpUrl, port } from '#shared/config/fields.ts'
import { clusterManager, clusterMode, nodeId } from '#shared/config/former-names.ts'
import { judgeRisks, modeSettings, refusalText } from '#shared/config/mode.ts'
import { type Layers, loadLayered, readLayered } from '#shared/config/read.ts'
import { loggingConfig } from '#shared/logging/config.ts'
import { someText } from '#shared/protocol/plain-text.ts'
import { AuthorizerConfigs } from './authorizer/config.ts'
import { BufferConfig } from './buffer/config.ts'
import { CommandConfigs, notAllowedIn } from './checks/commands.ts'
import { ServiceConfigs } from './checks/config.ts'
import { DiscoveryConfig } from './discovery/config.ts'
import { EnvoyConfigs } from './envoys/config.ts'
import { GatewayConfigs } from './gateway/config.ts'
import { AgentIdentityConfig } from './identity/config.ts'
import { assumedByAgents, risksOfAgent, risksOfAgents } from './modes.ts'
import { OrdersConfig } from './orders/config.ts'
import { HelperSettings } from './privileged/config.ts'
import { UpgradeConfig } from './upgrade/config.ts'

const name = someText

/** The agent's configuration. One schema gives types, defaults and checks. */
export const AgentConfig = z
  .strictObject({
    /** How far this installation reaches; told with each instance as `environment`. */
    ...modeSettings,
    /** What mode production would refuse, taken knowingly. */
    accept_risks: z._default(z.array(z.enum(risksOfAgents)).check(z.maxLength(risksOfAgents.length)), []),
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
    /** Who does what needs more rights than the agent has. */
    helper: z.prefault(HelperSettings, {}),
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
    metrics: z.prefault(
      z.strictObject({
        /** basic: of the host and of the processes behind instances; full: also the services' own pages and how long checks take. */
        detail: z._default(z.enum(['basic', 'full']), 'full'),
      }),
      {},
    ),
    logging: z.prefault(loggingConfig(['trace', 'debug', 'info', 'warn', 'error']), {}),
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

const layers: Layers<AgentConfig> = {
  // HEDDLE_PLANE, HEDDLE_CA and HEDDLE_TOKEN_FILE are for the command line.
  ignored: ['ca', 'plane', 'token_file'],
  /** Variables that start scripts set. */
  formerNames: [nodeId, clusterManager, clusterMode],
  assume: assumedByAgents,
  refuse: (config, sourceOf) =>
    judgeRisks(config, risksOfAgent(config, sourceOf)).refused.map((refusal) => ({
      path: refusal.path,
      message: refusalText(refusal),
    })),
}

/** A configuration out of a YAML text and the environment, or every problem with its place. */
export function readAgentConfig(text: string, file: string, environment: Environment) {
  return readLayered(AgentConfig, text, file, environment, layers)
}

/** Reads a configuration file. Throws CONFIG_UNREADABLE, or CONFIG_INVALID with every problem on its own line. */
export async function loadAgentConfig(file: string, environment: Environment): Promise<AgentConfig> {
  return (await loadLayered(AgentConfig, file, environment, layers)).config
}

/** Every setting as it holds, with whose word that is. Throws as loadAgentConfig does. */
export async function loadAgentSettings(file: string, environment: Environment): Promise<readonly EffectiveSetting[]> {
  return effectiveSettings(AgentConfig, await loadLayered(AgentConfig, file, environment, layers))
}

/** Risks that this mode says at each start, for people. */
export function risksToSay(config: AgentConfig): readonly string[] {
  return judgeRisks(config, risksOfAgent(config)).warned.map(({ risk, message }) => `${risk}: ${message}`)
}
