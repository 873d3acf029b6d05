import type { Hold } from '../../../fleet/belief.ts'
import type { Machine, Machines } from './machine.ts'
import type { Site, Sites } from './sites.ts'

export type HoldLimits = {
  /** Machines lost within this time may have been lost together. */
  readonly windowMs: number
  /** More than this share of a site's machines looks like the network. */
  readonly share: number
}

/** Machines of one site that were lost together, sorted. */
export type Loss = {
  readonly site: string
  readonly machines: readonly string[]
  /** How many of the site were in contact before. */
  readonly of: number
  /** When what it joins ends, epoch milliseconds; left out: it joins nothing, or what its site has already. */
  readonly until?: number
}

type Holds = ReadonlyMap<string, Hold>

/** Losses that were held for as long as may be, by machine, with the time at which it was lost: they are not held again. */
export type Spent = ReadonlyMap<string, number | undefined>

const nothing: Spent = new Map()

/** Machines that may have been cut off together: those of a site, or those that are alone at theirs. */
type Group = { readonly missing: readonly Machine[]; readonly present: number }

/**
 * Losses that look like the network rather than like machines: two or more at once, and more than `share` of those of the site
 * that were in contact. A site that is held already takes up every further machine that it loses; only those are named then, since
 * thousands may be held already. Machines that are alone at their sites are judged from elsewhere, so they count together as if they
 * were one site.
 * @param epochNow epoch milliseconds, as `hold.until` is
 */
export function lossesToHold(
  sites: Sites,
  holds: Holds,
  now: number,
  limits: HoldLimits,
  spent: Spent = nothing,
  epochNow = 0,
): readonly Loss[] {
  const lostIn = (site: Site) => lostLately(site, now, limits).filter(({ id, lostAt }) => spent.get(id) !== lostAt)
  const losses: Loss[] = []
  const alone: Site[] = []
  for (const site of sites.troubled) {
    if (site.size === 1) {
      alone.push(site)
      continue
    }
    const lost = lostIn(site)
    if (lost.length === 0) continue
    const hold = holds.get(site.id)
    const of = presentIn(site, lost)
    if (hold) {
      const held = new Set(hold.machines)
      const more = lost.filter(({ id }) => !held.has(id))
      if (more.length > 0) losses.push({ site: site.id, machines: idsOf(more), of })
    } else if (isTogether({ missing: lost, present: of }, limits)) {
      losses.push({ site: site.id, machines: idsOf(lost), of })
    }
  }
  const lost = alone.flatMap((site) => lostIn(site))
  // Whoever joins gets the end of what it joins: with one of its own it would hold the next one, and that the one after it.
  const ends = alone.flatMap(({ id }) => holds.get(id)?.until ?? []).filter((until) => until > epochNow)
  const group = { missing: lost, present: presentAlone(alone, sites, now, limits) }
  if (ends.length === 0 && !isTogether(group, limits)) return losses
  const end = ends.length === 0 ? {} : { until: Math.min(...ends) }
  const more = lost.filter(({ site }) => !holds.has(site))
  return [...losses, ...more.map(({ id, site }) => ({ site, machines: [id], of: 1, ...end }))]
}

/**
 * Whether it cannot be told yet if a machine of this site died alone: others, which were cut off at the same moment, may only not
 * have been missed yet.
 */
export function isInDoubt(site: string, sites: Sites, now: number, limits: HoldLimits): boolean {
  const known = sites.get(site)
  if (!known) return false
  return isTogether(known.size === 1 ? groupOfAlone(sites, now, limits) : groupOf(known, now, limits), limits)
}

function groupOf(site: Site, now: number, limits: HoldLimits): Group {
  const lost = lostLately(site, now, limits)
  return { missing: [...lost, ...expected(site)], present: presentIn(site, lost) }
}

function groupOfAlone(sites: Sites, now: number, limits: HoldLimits): Group {
  const alone = [...sites.troubled].filter(({ size }) => size === 1)
  const missing = alone.flatMap((site) => [...lostLately(site, now, limits), ...expected(site)])
  return { missing, present: presentAlone(alone, sites, now, limits) }
}

/**
 * Of the machines that are alone at their sites: how many are held and still away, or were lost so lately that their holds may not be on
 * disk yet.
 */
export function awayAlone(sites: Sites, holds: Holds, now: number, limits: HoldLimits): number {
  const isAway = (site: Site) => (holds.has(site.id) ? site.away.size : lostLately(site, now, limits).length) > 0
  let count = 0
  for (const site of sites.troubled) if (site.size === 1 && isAway(site)) count += 1
  return count
}

/**
 * Why a hold is over, if it is: its time is up, or what is still away could as well be a machine that died alone.
 * @param epochNow epoch milliseconds, as `hold.until` is
 * @param alone what `awayAlone` says: a hold of one machine is one of many
 */
export function holdEnds(
  hold: Hold,
  machines: Machines,
  epochNow: number,
  alone: number,
): 'time' | 'contact' | undefined {
  let away = 0
  for (const id of hold.machines) if (machines.get(id)?.lostAt !== undefined) away += 1
  if (away < 2 && (hold.machines.length > 1 || away === 0 || alone < 2)) return 'contact'
  return epochNow >= hold.until ? 'time' : undefined
}

function idsOf(machines: readonly Machine[]): readonly string[] {
  return machines.map(({ id }) => id).sort()
}

function isTogether({ missing, present }: Group, { share }: HoldLimits): boolean {
  return missing.length >= 2 && missing.length > share * present
}

/** Machines of a site that are in contact, or were until lately. */
function presentIn({ size, away }: Site, lately: readonly Machine[]): number {
  return size - away.size + lately.length
}

function presentAlone(alone: readonly Site[], sites: Sites, now: number, limits: HoldLimits): number {
  const longGone = alone.filter(
    ({ away, ...site }) => away.size > 0 && lostLately({ away, ...site }, now, limits).length === 0,
  )
  return sites.ofOne - longGone.length
}

function lostLately({ away }: Site, now: number, { windowMs }: HoldLimits): readonly Machine[] {
  return [...away.values()].filter(({ lostAt = now, left }) => !left && now - lostAt <= windowMs)
}

/** Those that may only not have been missed yet. */
function expected({ overdue }: Site): readonly Machine[] {
  return [...overdue.values()].filter(({ left }) => !left)
}
