import type { Hold } from '../../../fleet/belief.ts'
import type { Machine, Machines } from './machine.ts'

export type HoldLimits = {
  /** Machines lost within this time may have been lost together. */
  readonly windowMs: number
  /** More than this share of a site's machines looks like the network. */
  readonly share: number
}

/** Machines of one site that were lost together, sorted. */
export type Loss = { readonly site: string; readonly machines: readonly string[] }

/**
 * Losses that look like the network rather than like machines: two or more at once, and more than `share` of those of the site
 * that were in contact. A site that is held already takes up every further machine that it loses; only those are named then, since
 * thousands may be held already.
 */
export function lossesToHold(
  machines: Machines,
  holds: ReadonlyMap<string, Hold>,
  now: number,
  limits: HoldLimits,
): readonly Loss[] {
  const sites = new Set<string>()
  for (const machine of machines.values()) if (isLostLately(machine, now, limits.windowMs)) sites.add(machine.site)
  // Mostly nothing is lost, and there may be ten thousand machines.
  return [...bySite(machines, sites)].flatMap(([site, all]) => {
    const lost = all.filter((machine) => isLostLately(machine, now, limits.windowMs))
    const hold = holds.get(site)
    if (!hold) return isTogether(lost, all, now, limits) ? [{ site, machines: idsOf(lost) }] : []
    const held = new Set(hold.machines)
    const more = lost.filter(({ id }) => !held.has(id))
    return more.length > 0 ? [{ site, machines: idsOf(more) }] : []
  })
}

/**
 * Whether it cannot be told yet if a machine of this site died alone: others, which were cut off at the same moment, may only not
 * have been missed yet.
 */
export function isInDoubt(site: string, machines: Machines, now: number, limits: HoldLimits): boolean {
  const all = [...machines.values()].filter((machine) => machine.site === site)
  const missing = all.filter(
    (machine) => isLostLately(machine, now, limits.windowMs) || (machine.overdue && !machine.left),
  )
  return isTogether(missing, all, now, limits)
}

/**
 * Why a hold is over, if it is: its time is up, or what is still away could as well be a machine that died alone.
 * @param epochNow epoch milliseconds, as `hold.until` is
 */
export function holdEnds(hold: Hold, machines: Machines, epochNow: number): 'time' | 'contact' | undefined {
  const away = hold.machines.filter((id) => machines.get(id)?.lostAt !== undefined)
  if (away.length < 2) return 'contact'
  return epochNow >= hold.until ? 'time' : undefined
}

function idsOf(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ id }) => id).sort()
}

function isTogether(lost: readonly Machine[], all: readonly Machine[], now: number, limits: HoldLimits): boolean {
  const present = all.filter((machine) => machine.lostAt === undefined || isLostLately(machine, now, limits.windowMs))
  return lost.length >= 2 && lost.length > limits.share * present.length
}

function isLostLately({ lostAt, left }: Machine, now: number, windowMs: number): boolean {
  return lostAt !== undefined && !left && now - lostAt <= windowMs
}

function bySite(machines: Machines, sites: ReadonlySet<string>): ReadonlyMap<string, readonly Machine[]> {
  if (sites.size === 0) return new Map()
  return Map.groupBy(
    machines.values().filter(({ site }) => sites.has(site)),
    ({ site }) => site,
  )
}
