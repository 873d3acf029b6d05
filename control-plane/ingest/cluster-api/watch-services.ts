import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { type MayReach, type ProbeOptions, probe } from '#shared/probe/probe.ts'
import type { Health, ProbeSpec } from '#shared/protocol/check.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { ApiHealth } from '../../fleet/routable.ts'
import type { ClientsConfig } from '../config.ts'
import { bestOf, type ServicesHealth, servicesHealth } from './services-health.ts'

/** Instances of one service that are looked at in a round. */
const mostInstances = 3
/** What was found is believed for so many rounds. */
const roundsBelieved = 3

export type WatchServicesOptions = {
  readonly fleet: Pick<FleetView, 'instances' | 'nodes' | 'instancesOfService' | 'complete'>
  readonly settings: ClientsConfig['zervigo']
  /** Where registered instances may lead to; what the settings name may be anywhere. Left out: anywhere. */
  readonly mayReach?: MayReach | undefined
  readonly log: Logger
}

/** How the watched services were when they were last looked at. */
export type ServicesWatch = AsyncDisposable & { readonly now: () => ServicesHealth }

const apiHealth: Readonly<Record<Health, ApiHealth>> = {
  passing: 'healthy',
  warning: 'warning',
  critical: 'critical',
  unknown: 'unknown',
}

/**
 * Looks at the services that old dashboards ask for, again and again until disposed of: where the settings say they are, or else at
 * their instances. What no probe of the plane or of an agent has reached is unknown, whatever it says of itself.
 */
export function watchServices({ fleet, settings, mayReach, log }: WatchServicesOptions): ServicesWatch {
  const stop = new AbortController()
  const { services, urls, every, timeout } = settings
  const found = new Map<string, { readonly health: ApiHealth; readonly at: number }>()
  const look = async (name: string, service: string) => {
    const url = Object.hasOwn(urls, name) ? urls[name] : undefined
    const health =
      url === undefined
        ? await lookAtInstances(name, service, fleet, timeout, { signal: stop.signal, mayReach })
        : await lookOnce(specOfUrl(url, timeout), { signal: stop.signal })
    if (!stop.signal.aborted) found.set(name, { health, at: performance.now() })
  }
  const pace = { everyMs: every, afterFailureMs: () => every }
  const onFailure = warn(log, 'a service could not be looked at')
  // Each has rounds of its own: one that hangs delays no other.
  const rounds = Object.entries(services).map(([name, service]) =>
    repeat(async () => (fleet.complete ? look(name, service) : undefined), pace, onFailure, stop.signal),
  )
  return {
    now: () => {
      const oldest = performance.now() - roundsBelieved * every - timeout
      return servicesHealth(Object.keys(services), (name) => {
        const last = found.get(name)
        return last && last.at >= oldest ? last.health : 'unknown'
      })
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(rounds)
    },
  }
}

async function lookAtInstances(
  name: string,
  service: string,
  fleet: WatchServicesOptions['fleet'],
  timeoutMs: number,
  options: ProbeOptions,
): Promise<ApiHealth> {
  const instances = fleet
    .instancesOfService(service)
    .values()
    .map((id) => fleet.instances.get(id))
    .filter((instance) => instance !== undefined && instance.death === undefined && !instance.silent)
    .take(mostInstances)
  const found = [...instances].map((instance) => {
    if (!instance) return 'unknown'
    const agent = fleet.nodes.get(instance.node)?.contact === 'connected'
    // An agent's checks are probes, and nearer to the server.
    if (instance.origin === 'kubernetes') return apiHealth[instance.health]
    if (instance.origin === 'agent') return agent ? apiHealth[instance.health] : 'unknown'
    return lookOnce(specOfInstance(name, instance, timeoutMs), options)
  })
  return bestOf(await Promise.all(found))
}

async function lookOnce(spec: ProbeSpec, options: ProbeOptions): Promise<ApiHealth> {
  const { verdict } = await probe(spec, options)
  return apiHealth[verdict.health]
}

function specOfUrl(text: string, timeoutMs: number): ProbeSpec {
  const { hostname, port, protocol, pathname, search } = new URL(text)
  const tls = protocol === 'https:'
  return {
    kind: 'http',
    address: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    path: pathname === '/' ? '/health' : `${pathname}${search}`,
    tls,
    timeoutMs,
    // Whoever wrote the address knows who is there.
    service: '',
  }
}

function specOfInstance(name: string, { spec }: InstanceBelief, timeoutMs: number): ProbeSpec {
  const { address, port, service, registered } = spec
  const aliases = [name, `${name}-service`, `zervi-${name}`, `zervigo-${name}`]
  const tls = registered?.url?.startsWith('https:') ?? false
  return { kind: 'http', address, port, path: '/health', tls, timeoutMs, service, aliases }
}
