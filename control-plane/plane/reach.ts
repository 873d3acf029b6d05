import { networkInterfaces } from 'node:os'
import type { MayReach } from '#shared/probe/probe.ts'
import { judgeTarget } from '#shared/probe/target.ts'
import { isLoopback, type PlaneConfig } from '../config.ts'

/** A machine's addresses change seldom. */
const knownForMs = 10_000

/** The ports by which this plane is steered. */
export function controlPorts({ api, routing, ingest }: Pick<PlaneConfig, 'api' | 'routing' | 'ingest'>) {
  return new Set([api.port, routing.xds.port, ingest.clients.plain?.port ?? 0].filter((port) => port > 0))
}

export type ReachOptions = {
  readonly loopback?: boolean
  /** The machine's addresses. */
  readonly own?: () => Iterable<string>
  /** Milliseconds that only rise. */
  readonly now?: () => number
}

/**
 * Where this plane lets itself be sent by what others announce: nowhere near a machine's own secrets, not to its own ports, and to loopback
 * only while the plane itself is asked nowhere else, so that whoever announces anything is on this machine.
 */
export function planeReach(
  config: Pick<PlaneConfig, 'api' | 'routing' | 'ingest'>,
  { loopback = isAskedHereOnly(config), own = machineAddresses, now = () => performance.now() }: ReachOptions = {},
): MayReach {
  const ports = controlPorts(config)
  const isOwn = ownAddresses({ own, now })
  return (address, port) => judgeTarget(address, port, { loopback, ports, isOwn }) === undefined
}

/** Whether an address is one of this machine. */
export function ownAddresses({
  own = machineAddresses,
  now = () => performance.now(),
}: Pick<ReachOptions, 'own' | 'now'> = {}): (address: string) => boolean {
  let known: ReadonlySet<string> = new Set()
  let readAt = Number.NEGATIVE_INFINITY
  return (address) => {
    if (now() - readAt > knownForMs) {
      known = new Set(own())
      readAt = now()
    }
    return known.has(address.replace(/^::ffff:(?=\d+\.)/i, ''))
  }
}

function isAskedHereOnly({ api, ingest }: Pick<PlaneConfig, 'api' | 'ingest'>): boolean {
  return isLoopback(api.address) && isLoopback(ingest.clients.plain?.address ?? '127.0.0.1')
}

function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address))
}
