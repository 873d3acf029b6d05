import * as z from 'zod/mini'
import { type EffectiveSetting, effectiveSettings } from '#shared/config/effective.ts'
import { httpUrl, port } from '#shared/config/fields.ts'
import { clusterMode } from '#shared/config/former-names.ts'
import { judgeRisks, modeSettings, refusalText } from '#shared/config/mode.ts'
import { type Layers, loadLayered } from '#shared/config/read.ts'
import { isEgressPattern } from '#shared/egress/judge-egress.ts'
import { loggingConfig } from '#shared/logging/config.ts'
import { logLevels } from '#shared/logging/logger.ts'
import { AccessConfig } from './access/config.ts'
import { AuditConfig } from './audit/config.ts'
import { EnvironmentsConfig } from './environments/config.ts'
import { FederationConfig } from './federation/config.ts'
import { DiscoveryConfig } from './foreign/discovery/config.ts'
import { IdentityConfig } from './identity/config.ts'
import { IngestConfig } from './ingest/config.ts'
import { JournalConfig } from './journal/config.ts'
import { KubernetesConfig } from './kubernetes/config.ts'
import { MirrorConfig } from './mirror/config.ts'
import { assumedByPlanes, risksOfPlane, risksOfPlanes } from './modes.ts'
import { RoutingConfig } from './routing/config.ts'
import { TenantsConfig } from './tenants/config.ts'
import { ZerviConfig } from './zervi/config.ts'

const loopback = /^(127\.|::1$|localhost$)/

const Api = z
  .strictObject({
    address: z._default(z.string(), '127.0.0.1'),
    port: z._default(port(), 8888),
    /** Where other planes and agents reach it, where that is not this address or the name of the machine. */
    advertise: z.optional(httpUrl()),
    /** TLS, with the installation's own authority; by default on every address but those of loopback. */
    tls: z.optional(z.boolean()),
    /** Names and addresses under which it is asked, besides those that the machine has. */
    names: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(253))).check(z.maxLength(100)), []),
    /** Without TLS anyone who reaches the API may report for others and reroute a platform: beyond loopback only if this is said. */
    insecure: z._default(z.boolean(), false),
  })
  .check(
    z.refine((api) => api.insecure || api.tls !== false || loopback.test(api.address), {
      path: ['tls'],
      error: 'expected TLS, a loopback address, or `insecure: true` beside it',
    }),
    z.refine((api) => !(api.insecure && api.tls === true), {
      path: ['insecure'],
      error: 'expected one of `tls: true` and `insecure: true`',
    }),
  )

/** All settings of the control plane; each part owns its own piece. */
export const PlaneConfig = z.strictObject({
  ...modeSettings,
  /** What mode production would refuse, taken knowingly. */
  accept_risks: z._default(z.array(z.enum(risksOfPlanes)).check(z.maxLength(risksOfPlanes.length)), []),
  api: z.prefault(Api, {}),
  /** Where the plane stands, as a vantage among others. */
  site: z._default(z.string().check(z.maxLength(200)), 'default'),
  journal: z.prefault(JournalConfig, {}),
  ingest: z.prefault(IngestConfig, {}),
  kubernetes: z.prefault(KubernetesConfig, {}),
  mirror: z.prefault(MirrorConfig, {}),
  routing: z.prefault(RoutingConfig, {}),
  discovery: z.prefault(DiscoveryConfig, {}),
  identity: z.prefault(IdentityConfig, {}),
  federation: z.prefault(FederationConfig, {}),
  access: z.prefault(AccessConfig, {}),
  /** Where the plane may connect to by the word of others than this file: hosts, and ranges of addresses. */
  egress: z.prefault(
    z.strictObject({
      allow: z._default(
        z
          .array(
            z.string().check(
              z.refine(isEgressPattern, {
                error: 'expected a host such as "hooks.example.com" or "*.example.com:443", or a range of addresses',
              }),
            ),
          )
          .check(z.maxLength(1_000)),
        [],
      ),
    }),
    {},
  ),
  audit: z.prefault(AuditConfig, {}),
  tenants: z.prefault(TenantsConfig, {}),
  environments: z.prefault(EnvironmentsConfig, {}),
  zervi: z.optional(ZerviConfig),
  logging: z.prefault(loggingConfig(logLevels), {}),
})
export type PlaneConfig = z.output<typeof PlaneConfig>

const layers: Layers<PlaneConfig> = {
  // HEDDLE_PLANE, HEDDLE_CA and HEDDLE_TOKEN_FILE are for the command line.
  ignored: ['ca', 'plane', 'token_file'],
  formerNames: [clusterMode],
  assume: assumedByPlanes,
  refuse: (config) =>
    judgeRisks(config, risksOfPlane(config)).refused.map((refusal) => ({
      path: refusal.path,
      message: refusalText(refusal),
    })),
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the configuration file, if there is one, and the environment. Throws CONFIG_UNREADABLE or CONFIG_INVALID. */
export async function loadPlaneConfig(file: string | undefined, environment: Environment): Promise<PlaneConfig> {
  return (await loadLayered(PlaneConfig, file, environment, layers)).config
}

/** Every setting as it holds, with whose word that is. Throws as loadPlaneConfig does. */
export async function loadPlaneSettings(
  file: string | undefined,
  environment: Environment,
): Promise<readonly EffectiveSetting[]> {
  return effectiveSettings(PlaneConfig, await loadLayered(PlaneConfig, file, environment, layers))
}

/** Risks that this mode says at each start, for people. */
export function risksToSay(config: PlaneConfig): readonly string[] {
  return judgeRisks(config, risksOfPlane(config)).warned.map(({ risk, message }) => `${risk}: ${message}`)
}

/** Whether nobody beyond this machine reaches the API. */
export function isLoopback(address: string): boolean {
  return loopback.test(address)
}

/** Whether the API is asked over TLS. */
export function servesTls({ address, tls, insecure }: PlaneConfig['api']): boolean {
  return tls ?? !(insecure || loopback.test(address))
}

/** Whether the API is open to whoever reaches this machine, without TLS. */
export function isOpen(api: PlaneConfig['api']): boolean {
  return !servesTls(api) && !loopback.test(api.address)
}

/** Where others reach the API. @param machine the machine's name, for an address that stands for all of them */
export function advertisedApi(api: PlaneConfig['api'], machine: string): string {
  const { address, port, advertise } = api
  if (advertise !== undefined) return advertise
  const host = address === '0.0.0.0' || address === '::' ? machine : address
  return `${servesTls(api) ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
