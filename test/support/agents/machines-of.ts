import {
  type Machine,
  type Machines,
  machineOf,
  nodeSign,
  type Watched,
} from '#control-plane/ingest/agents/contact/machine.ts'
import { SiteIndex, type Sites } from '#control-plane/ingest/agents/contact/sites.ts'

/**
 * The machines behind the nodes, by a look at all of them.
 * @param before the machines as they were, for the time at which each was lost
 */
export function machinesOf(watched: Iterable<Watched>, before: Machines, now: number, beatMs: number): Machines {
  const byMachine = Map.groupBy(watched, ({ node }) => node.spec.machine)
  return new Map(
    [...byMachine].map(([id, nodes]) => {
      const site = nodes[0]?.node.spec.site ?? ''
      const signs = nodes.map((each) => nodeSign(each, now, beatMs))
      return [id, machineOf({ id, site }, signs, before.get(id), now)]
    }),
  )
}

/** The sites of machines. */
export function sitesOf(machines: Machines): Sites {
  const sites = new SiteIndex()
  for (const machine of machines.values()) sites.put(undefined, machine)
  return sites
}

/** So many machines of a site that are well, but for those named by their number. */
export function wellMachines(
  count: number,
  over: Readonly<Record<number, Partial<Machine>>> = {},
  site = 'tencent',
): Machines {
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const well = { id: `${site}-${index}`, site, lostAt: undefined, left: false, overdue: false, dead: false }
      return [well.id, { ...well, ...over[index] }]
    }),
  )
}
