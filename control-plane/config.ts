import * as z from 'zod/mini'
import { httpUrl, port } from '#shared/config/fields.ts'
import { loadConfig } from '#shared/config/read.ts'
import { logLevels } from '#shared/logging/logger.ts'
import { FederationConfig } from './federation/config.ts'
import { DiscoveryConfig } from './foreign/discovery/config.ts'
import { IngestConfig } from './ingest/config.ts'
import { JournalConfig } from './journal/config.ts'
import { MirrorConfig } from './mirror/config.ts'
import { RoutingConfig } from './routing/config.ts'

const loopback = /^(127\.|::1$|localhost$)/

const Api = z
  .strictObject({
    address: z._default(z.string(), '127.0.0.1'),
    port: z._default(port(), 8888),
    /** Where other planes and agents reach it, where that is not this address or the name of the machine. */
    advertise: z.optional(httpUrl()),
    /** Anyone who reaches the API may report for others and reroute a platform: beyond loopback only if this is said. */
    insecure: z._default(z.boolean(), false),
  })
  .check(
    z.refine((api) => api.insecure || loopback.test(api.address), {
      path: ['address'],
      error: 'expected a loopback address, or `insecure: true` beside it: there is no authentication yet',
    }),
  )

/** All settings of the control plane; each part owns its own piece. */
export const PlaneConfig = z.strictObject({
  api: z.prefault(Api, {}),
  /** Where the plane stands, as a vantage among others. */
  site: z._default(z.string().check(z.maxLength(200)), 'default'),
  journal: z.prefault(JournalConfig, {}),
  ingest: z.prefault(IngestConfig, {}),
  mirror: z.prefault(MirrorConfig, {}),
  routing: z.prefault(RoutingConfig, {}),
  discovery: z.prefault(DiscoveryConfig, {}),
  federation: z.prefault(FederationConfig, {}),
  logging: z.prefault(z.strictObject({ level: z._default(z.enum(logLevels), 'info') }), {}),
})
export type PlaneConfig = z.output<typeof PlaneConfig>

/** Reads the configuration file, if there is one, and the environment. Throws CONFIG_UNREADABLE or CONFIG_INVALID. */
export function loadPlaneConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PlaneConfig> {
  // HEDDLE_PLANE is the address that the command line asks.
  return loadConfig(PlaneConfig, file, environment, ['plane'])
}

/** Where others reach the API. @param machine the machine's name, for an address that stands for all of them */
export function advertisedApi({ address, port, advertise }: PlaneConfig['api'], machine: string): string {
  if (advertise !== undefined) return advertise
  const host = address === '0.0.0.0' || address === '::' ? machine : address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
