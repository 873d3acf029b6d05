/** How near instances are to a gateway: at its site, in its cluster wherever that is, or anywhere. */
export const nearnesses = ['site', 'cluster', 'other'] as const
export type Nearness = (typeof nearnesses)[number]

/** Where something is; empty where that is not known. */
export type Place = { readonly site: string; readonly cluster: string }

/** Which instances a gateway calls first, and when it turns to others. */
export type Locality = {
  /** The nearest first. What none of these words fits is never called. */
  readonly order: readonly Nearness[]
  /** A level of which less than this share (percent) can be called does not serve while another one holds; 0: it serves to its last. */
  readonly leastPercent: number
  /** A nearer level serves again when it has held for so long without a break. */
  readonly returnAfterMs: number
}

/** How many instances of a level can be called, and how many should be there and cannot. What was taken out of service is neither. */
export type Level = { readonly callable: number; readonly failed: number }

/** Which level serves. Times in milliseconds of one steady clock. */
export type Serving = {
  /** Its place in the order; undefined: nothing can be called at any level. */
  readonly level: number | undefined
  /** Since when each level holds without a break; undefined: it does not. */
  readonly heldSince: readonly (number | undefined)[]
}

/** The level of what is at a place, as a gateway sees it: the first word of the order that fits; undefined: none does. */
export function levelOf(order: readonly Nearness[], gateway: Place, of: Place): number | undefined {
  const level = order.findIndex((nearness) => isNear(nearness, gateway, of))
  return level < 0 ? undefined : level
}

function isNear(nearness: Nearness, gateway: Place, of: Place): boolean {
  // Nobody is beside a gateway of which it is not known where it is.
  return nearness === 'other' || (gateway[nearness] !== '' && gateway[nearness] === of[nearness])
}

/** Whether a level has enough of its instances to serve. */
export function holds({ callable, failed }: Level, { leastPercent }: Pick<Locality, 'leastPercent'>): boolean {
  return callable > 0 && callable * 100 >= leastPercent * (callable + failed)
}

/**
 * Which level serves now, given which one did. One that does not hold is left at once for the nearest that does, also for one that has
 * only just come back; where none holds, the one that serves goes on as long as anything of it can be called. One that holds is left
 * only for a nearer one that has held for long enough.
 * @param known undefined: it is looked at for the first time, so whatever holds has always held
 */
export function nextServing(
  known: Serving | undefined,
  levels: readonly Level[],
  policy: Pick<Locality, 'leastPercent' | 'returnAfterMs'>,
  now: number,
): Serving {
  const heldSince = levels.map((level, place) => {
    if (!holds(level, policy)) return undefined
    return known ? (known.heldSince[place] ?? now) : Number.NEGATIVE_INFINITY
  })
  return { level: serves(known?.level, heldSince, levels, policy, now), heldSince }
}

function serves(
  before: number | undefined,
  heldSince: Serving['heldSince'],
  levels: readonly Level[],
  { returnAfterMs }: Pick<Locality, 'returnAfterMs'>,
  now: number,
): number | undefined {
  const first = (fits: (place: number) => boolean) => {
    const found = levels.findIndex((_, place) => fits(place))
    return found < 0 ? undefined : found
  }
  if (before !== undefined && heldSince[before] !== undefined) {
    return first(
      (place) =>
        place === before || (now - (heldSince[place] ?? now) >= returnAfterMs && heldSince[place] !== undefined),
    )
  }
  const nearest = first((place) => heldSince[place] !== undefined)
  if (nearest !== undefined) return nearest
  if (before !== undefined && (levels[before]?.callable ?? 0) > 0) return before
  return first((place) => (levels[place]?.callable ?? 0) > 0)
}

/** When a nearer level takes over if nothing changes until then; undefined: none does. */
export function returnsAt(
  { level, heldSince }: Serving,
  { returnAfterMs }: Pick<Locality, 'returnAfterMs'>,
): number | undefined {
  if (level === undefined || heldSince[level] === undefined) return undefined
  const nearer = heldSince.slice(0, level).flatMap((since) => since ?? [])
  return nearer.length === 0 ? undefined : Math.min(...nearer) + returnAfterMs
}

/** All levels with something to call, in the order in which they are turned to: the one that serves, those that hold, the others. */
export function turnedTo({ level, heldSince }: Serving, levels: readonly Level[]): readonly number[] {
  const others = levels.flatMap(({ callable }, place) => (callable > 0 && place !== level ? [place] : []))
  return [
    ...(level === undefined ? [] : [level]),
    ...others.filter((place) => heldSince[place] !== undefined),
    ...others.filter((place) => heldSince[place] === undefined),
  ]
}
