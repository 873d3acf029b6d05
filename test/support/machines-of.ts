import { type Machines, machineOf, nodeSign, type Watched } from '#control-plane/ingest/agents/contact/machine.ts'

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
