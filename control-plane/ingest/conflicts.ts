import type { FleetView } from '../fleet/fleet.ts'
import { isOnlyLocal } from './local-address.ts'

/** Live instances that say they are at the same address and port. */
export type Conflict = { readonly address: string; readonly port: number; readonly instances: readonly string[] }

/**
 * Two live instances cannot share an address and port; two agents on one address are no conflict. A loopback address is
 * another place on each machine.
 */
export function conflictsOf(fleet: Pick<FleetView, 'instances' | 'nodes'>): readonly Conflict[] {
  const places = new Map<string, string | string[]>()
  const shared = new Set<string>()
  for (const [id, { spec, node, death, silent, health }] of fleet.instances) {
    if (death || silent || health === 'critical') continue
    const machine = isOnlyLocal(spec.address) ? (fleet.nodes.get(node)?.spec.machine ?? node) : ''
    const place = `${machine} ${spec.address} ${spec.port}`
    const there = places.get(place)
    if (there === undefined) places.set(place, id)
    else {
      shared.add(place)
      if (typeof there === 'string') places.set(place, [there, id])
      else there.push(id)
    }
  }
  return [...shared].sort().map((place) => {
    const [, address = '', port] = place.split(' ')
    return { address, port: Number(port), instances: [places.get(place) ?? []].flat().sort() }
  })
}
