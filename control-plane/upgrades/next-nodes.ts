/** A node that could be asked, or that is under way. */
export type Candidate = {
  readonly node: string
  /** Empty: not known, so it is one of its own. */
  readonly machine: string
  readonly site: string
  /** The gateways that it serves. */
  readonly gateways: readonly string[]
}

export type Choice = {
  /** Those that may be asked now. */
  readonly waiting: readonly Candidate[]
  readonly underWay: readonly Candidate[]
  /** How many of each site have been asked so far. */
  readonly askedOfSite: ReadonlyMap<string, number>
  /** How many nodes that are in contact serve each gateway, those under way among them. */
  readonly serving: ReadonlyMap<string, number>
  readonly most: number
}

/**
 * Who is asked next: at most `most`, one of a machine at a time, sites in turn, gateways after all others, and of the nodes that serve
 * one gateway at most half at a time; one that serves it alone goes alone.
 */
export function nextNodes({ waiting, underWay, askedOfSite, serving, most }: Choice): readonly Candidate[] {
  const chosen: Candidate[] = []
  const machines = new Set(underWay.map(machineOf))
  const away = new Map<string, number>()
  const take = (gateways: readonly string[]) => {
    for (const gateway of gateways) away.set(gateway, (away.get(gateway) ?? 0) + 1)
  }
  for (const { gateways } of underWay) take(gateways)
  const asked = new Map(askedOfSite)
  const others = waiting.filter(({ gateways }) => gateways.length === 0)
  // Gateways wait until nobody else does.
  let left = [...(others.length > 0 ? others : waiting)].sort((a, b) => (a.node < b.node ? -1 : 1))
  while (chosen.length < most && left.length > 0) {
    const free = left.filter(
      (each) =>
        !machines.has(machineOf(each)) &&
        each.gateways.every((gateway) => mayLeave(away.get(gateway) ?? 0, serving.get(gateway) ?? 0)),
    )
    const fewest = Math.min(...free.map(({ site }) => asked.get(site) ?? 0))
    const next = free.find(({ site }) => (asked.get(site) ?? 0) === fewest)
    if (!next) break
    chosen.push(next)
    machines.add(machineOf(next))
    take(next.gateways)
    asked.set(next.site, fewest + 1)
    left = left.filter((each) => each !== next)
  }
  return chosen
}

/** Whether one more node of a gateway may be under way. */
function mayLeave(away: number, serving: number): boolean {
  return away < Math.max(1, Math.floor(serving / 2))
}

function machineOf({ machine, node }: Candidate): string {
  return machine === '' ? `node ${node}` : machine
}
