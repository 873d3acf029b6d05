/** A plane and how many agents have a session with it. */
export type Load = { readonly replica: string; readonly sessions: number }

/** More than this above its share is clearly more; small fleets are left alone. */
const excessShare = 0.1
const excessCount = 4
/** Of all its agents a plane asks one in so many, each second, to go elsewhere: a fleet is even again after some minutes. */
const oneIn = 250

/**
 * How many agents a plane may ask now, in this second, to go to where they would rather be. Zero as long as it has not clearly more than
 * its share, so that planes do not play ball with agents.
 * @param loads of all planes that serve, this one included
 */
export function offersNow(self: string, loads: readonly Load[]): number {
  const own = loads.find(({ replica }) => replica === self)?.sessions ?? 0
  const share = loads.reduce((sum, { sessions }) => sum + sessions, 0) / Math.max(1, loads.length)
  const excess = own - Math.ceil(share)
  if (loads.length < 2 || excess <= share * excessShare || excess < excessCount) return 0
  return Math.min(excess, 1 + Math.floor(own / oneIn))
}
