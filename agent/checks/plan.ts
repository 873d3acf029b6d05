import type { InstanceSpec } from '#shared/protocol/check.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import { isReachable } from '../discovery/address.ts'
import type { CommandConfigs } from './commands.ts'
import type { ServiceConfig } from './config.ts'
import { dampingOf } from './flapping.ts'
import { isHostSpec } from './host-spec.ts'
import type { InstancePlan } from './instances.ts'
import { probeOf } from './kinds.ts'

/** What of the node its instances inherit. */
export type NodePlace = {
  readonly id: string
  /** Where others reach it. */
  readonly address: string
  readonly cluster?: string | undefined
  /** local, cluster, staging or production, where it is said. */
  readonly mode?: string | undefined
  /** What its checks may run on it. */
  readonly commands?: CommandConfigs | undefined
}

/** The instances that the configured services are on this node. */
export function plansOf(services: readonly ServiceConfig[], node: NodePlace): readonly InstancePlan[] {
  return services.map((service) => planOf(service, node))
}

/** The longest time that one check may take, in milliseconds. */
export function slowestTimeoutMs(services: readonly ServiceConfig[]): number {
  return Math.max(0, ...services.flatMap(({ checks }) => checks.map(({ timeout }) => timeout)))
}

/** The instance that a configured service is on this node. */
export function planOf(service: ServiceConfig, node: NodePlace): InstancePlan {
  const address = isReachable(service.address) ? service.address : node.address
  const { name, port, aliases } = service
  const checked = { address, port, service: name, aliases, commands: node.commands }
  const checks = service.checks.map((check) => {
    const { interval, recheck, rise, fall } = check
    return { probe: probeOf(check, checked), everyMs: interval, recheckMs: recheck, rise, fall }
  })
  const cluster = service.cluster ?? node.cluster
  const environment = node.mode === undefined ? {} : { environment: node.mode }
  const spec: InstanceSpec = {
    id: instanceId(service.name, node.id, service.instance ?? service.port),
    service: service.name,
    ...(service.type === undefined ? {} : { type: service.type }),
    ...(service.instance === undefined ? {} : { name: service.instance }),
    address,
    port: service.port,
    ...(cluster === undefined ? {} : { cluster }),
    ...(service.version === undefined ? {} : { version: service.version }),
    tags: service.tags,
    metadata: { ...environment, ...service.metadata },
    ...(service.weight === undefined ? {} : { weight: service.weight }),
    // What looks at this host, nobody else can repeat.
    checks: checks.flatMap(({ probe }) => (isHostSpec(probe) ? [] : [probe])),
  }
  return { spec, checks, damping: dampingOf(service.flapping) }
}
