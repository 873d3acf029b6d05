import type { Allocated, Allocation, Requirement, Taken } from '../fleet/environments.ts'

/** A Basic Server, as the fleet has it. */
export type Server = Allocated & {
  readonly cluster: string
  readonly labels: Readonly<Record<string, string>>
  /** How much it takes at a time. */
  readonly capacity: number
}

type Held = { readonly units: ReadonlyMap<string, number>; readonly own: (what: string) => number }

/**
 * The Basic Server for an environment. Those with the fewest environments of the tenant on their site and machine come first, then those
 * that are least full, then the one whose id comes first: the same question has the same answer. Never one without room for all of it.
 * @param servers those that the tenant may have
 * @param taken what is held now, of everybody
 */
export function allocate(
  requirement: Requirement,
  servers: readonly Server[],
  taken: readonly Taken[],
  tenant: string,
): Allocation {
  const held = heldIn(taken, tenant)
  const fitting = servers.filter((server) => fits(server, requirement))
  const [best] = fitting
    .filter(({ instance, capacity }) => capacity - (held.units.get(instance) ?? 0) >= requirement.units)
    .map((server) => ({ server, rank: rankOf(server, requirement, held) }))
    .sort((a, b) => compare(a.rank, b.rank) || (a.server.instance < b.server.instance ? -1 : 1))
  if (best) {
    const { instance, node, site, machine, capacity } = best.server
    return { kind: 'allocated', server: { instance, node, site, machine }, capacity }
  }
  const why =
    fitting.length === 0
      ? `None of ${servers.length} Basic Servers that could be had is as it is asked for.`
      : `Of ${fitting.length} Basic Servers that fit none has ${requirement.units} of its capacity left.`
  return { kind: 'refused', code: 'ENVIRONMENT_NO_ROOM', why }
}

function fits({ site, cluster, labels }: Server, wanted: Requirement): boolean {
  if (wanted.site !== undefined && wanted.site !== site) return false
  if (wanted.cluster !== undefined && wanted.cluster !== cluster) return false
  return Object.entries(wanted.labels).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value)
}

function rankOf(server: Server, { spread }: Requirement, { units, own }: Held): readonly number[] {
  const full = (units.get(server.instance) ?? 0) / Math.max(1, server.capacity)
  const bySite = own(siteKey(server))
  const byMachine = own(machineKey(server))
  if (spread === 'none') return [full]
  return spread === 'site' ? [bySite, byMachine, full] : [byMachine, full]
}

function heldIn(taken: readonly Taken[], tenant: string): Held {
  const units = new Map<string, number>()
  const own = new Map<string, number>()
  const add = (map: Map<string, number>, key: string, more: number) => map.set(key, (map.get(key) ?? 0) + more)
  for (const each of taken) {
    add(units, each.instance, each.units)
    if (each.tenant !== tenant) continue
    add(own, siteKey(each), each.environments)
    add(own, machineKey(each), each.environments)
  }
  return { units, own: (what) => own.get(what) ?? 0 }
}

const siteKey = ({ site }: Pick<Allocated, 'site'>) => `site ${site}`
const machineKey = ({ machine }: Pick<Allocated, 'machine'>) => `machine ${machine}`

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((each, at) => each !== b[at])
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0)
}
