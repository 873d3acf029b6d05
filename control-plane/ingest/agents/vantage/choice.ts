import { isPlane, type Vantage } from './vantage.ts'

/** Nodes in contact that may be asked. */
export type Candidates = {
  /** Sorted. */
  readonly sites: readonly string[]
  readonly bySite: ReadonlyMap<string, readonly Vantage[]>
}

export function candidatesOf(vantages: Iterable<Vantage>): Candidates {
  const sorted = [...vantages].sort((a, b) => (a.id < b.id ? -1 : 1))
  const bySite = Map.groupBy(sorted, ({ site }) => site)
  return { sites: [...bySite.keys()].sort(), bySite }
}

/**
 * Agents that shall look at an instance: on other machines, one a machine, of its own site first, then of as many other sites as there
 * are. Which ones depends on the instance only, so that the work is spread over all and the same ones are asked again.
 */
export function chooseAgents(
  instance: string,
  home: Pick<Vantage, 'machine' | 'site'>,
  { sites, bySite }: Candidates,
  most: number,
): readonly Vantage[] {
  const [atSite, atSites] = [spread(instance), spread(`${instance}/`)]
  const chosen = new Map<string, Vantage>()
  const take = (site: string, depth: number): boolean => {
    const here = bySite.get(site) ?? []
    const vantage = depth < here.length ? here[(atSite + depth) % here.length] : undefined
    if (vantage && vantage.machine !== home.machine) chosen.getOrInsert(vantage.machine, vantage)
    return vantage !== undefined
  }
  for (let depth = 0; chosen.size < most; depth += 1) if (!take(home.site, depth)) break
  for (let depth = 0, more = true; more && chosen.size < most; depth += 1) {
    more = false
    for (let offset = 0; offset < sites.length && chosen.size < most; offset += 1) {
      const site = sites[(atSites + offset) % sites.length] ?? ''
      if (site !== home.site && take(site, depth)) more = true
    }
  }
  return [...chosen.values()]
}

/** Who of those that saw it is asked: the planes, and so many others of different machines, in the order in which they are named. */
export function chooseWitnesses(seen: Iterable<Vantage>, most: number): readonly Vantage[] {
  const chosen = new Map<string, Vantage>()
  const planes: Vantage[] = []
  for (const vantage of seen) {
    if (isPlane(vantage.id)) planes.push(vantage)
    else if (chosen.size < most) chosen.getOrInsert(vantage.machine, vantage)
  }
  return [...planes, ...chosen.values()]
}

/** A number that only depends on the text (FNV-1a, 32 bits, mixed so that the last letter reaches every bit). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
