/** What is known of an instance now; undefined: nothing. */
export type Measured = {
  /** How long its check takes, as its agent measures it. */
  readonly latencyMs: number | undefined
  /** Share of its requests that failed, as it says: 0 to 1. */
  readonly errors: number | undefined
  /** Load of its node, as the agent there measures it: 0 to 1. */
  readonly measuredLoad: number | undefined
  /** Its load as it says itself: 0 to 1. */
  readonly ownLoad: number | undefined
}

export type Cause = 'load' | 'errors' | 'latency'

/** How an instance is weighed. Times in milliseconds of one clock. */
export type Weighed = {
  /** Follows what is measured gradually. */
  readonly smoothed: number
  /** What its declared weight is multiplied by: 0.1 to 1, in steps. */
  readonly factor: number
  /** What lowers it most; undefined: nothing. */
  readonly cause: Cause | undefined
  /** Nothing but its own word lowers it, which it may take back; left out: something measured does. */
  readonly said?: true
  readonly at: number
}

const least = 0.1
/** What is measured is followed by about two thirds within this time. */
const smoothedOverMs = 30_000
/** Up to here load costs nothing. */
const freeLoad = 0.7
/** An answer within this is never slow; nor is one within so many times the median of all. */
const quickMs = 20
const slowFrom = 2
/** A factor is published in steps, and only when it has moved by more than one. */
const step = 0.05
const moved = 0.1

/**
 * How the instances of one service are weighed now, given how they were. A factor is never above 1, so nothing that anybody says raises a
 * weight above what is declared; what is not known any more stays as it was, but what an instance alone has said it may take back. Of whom nothing was ever known is not in the answer.
 */
export function nextWeights(
  known: ReadonlyMap<string, Weighed>,
  measured: ReadonlyMap<string, Measured>,
  now: number,
): ReadonlyMap<string, Weighed> {
  const all = [...measured.values()]
  const others: Others = {
    median: medianOf(all.flatMap(({ latencyMs }) => latencyMs ?? [])),
    leastLoaded: all.reduce((best, { measuredLoad }) => Math.max(best, factorOfLoad(measuredLoad ?? 1)), least),
  }
  return new Map(
    [...measured].flatMap(([id, own]) => {
      const weighed = next(known.get(id), own, others, now)
      return weighed ? [[id, weighed] as const] : []
    }),
  )
}

/** What an instance is held against. */
type Others = {
  /** Of the latencies of all; undefined: too few are known. */
  readonly median: number | undefined
  /** The factor of the load of the least loaded node. Where all are busy, keeping away from all alike would hide who is worse. */
  readonly leastLoaded: number
}

function next(known: Weighed | undefined, own: Measured, others: Others, now: number): Weighed | undefined {
  const found = factorsOf(own, others)
  const takenBack = found.length === 0 && known?.said === true && own.ownLoad !== undefined
  if (found.length === 0 && !takenBack) return known && { ...known, at: now }
  const [target, cause] = takenBack ? whole : found.reduce((worst, each) => (each[0] < worst[0] ? each : worst))
  // Whoever begins to look takes what there is: a restart changes no weight.
  const before = known ?? { smoothed: target, factor: inSteps(target), at: now }
  const share = 1 - Math.exp(-(now - before.at) / smoothedOverMs)
  const smoothed = before.smoothed * (1 - share) + target * share
  const factor = publish(before.factor, smoothed)
  const said = cause === 'load' && own.measuredLoad === undefined && factor < 1
  return { smoothed, factor, cause: factor < 1 ? cause : undefined, ...(said && { said }), at: now }
}

const whole = [1, 'load'] as const

function factorsOf(
  { latencyMs, errors, measuredLoad, ownLoad }: Measured,
  { median, leastLoaded }: Others,
): readonly (readonly [number, Cause])[] {
  // Where nobody measures it, an instance is believed that it is busy, never that it is not.
  const load = measuredLoad === undefined ? ownLoad : Math.max(measuredLoad, ownLoad ?? 0)
  const believed = load !== undefined && (measuredLoad !== undefined || load > freeLoad)
  return [
    ...(believed
      ? [[within(factorOfLoad(load) / (measuredLoad === undefined ? 1 : leastLoaded)), 'load'] as const]
      : []),
    ...(errors === undefined ? [] : [[within(1 - 2 * errors), 'errors'] as const]),
    ...(latencyMs === undefined || median === undefined
      ? []
      : [[within((slowFrom * Math.max(median, quickMs)) / latencyMs), 'latency'] as const]),
  ]
}

function factorOfLoad(load: number): number {
  return within(1 - ((load - freeLoad) / (1 - freeLoad)) * (1 - least))
}

function publish(factor: number, smoothed: number): number {
  if (Math.abs(smoothed - factor) < moved && !(smoothed > 1 - step && factor < 1)) return factor
  return inSteps(smoothed)
}

function inSteps(factor: number): number {
  return within(Math.round(factor / step) * step)
}

function within(factor: number): number {
  const rounded = Math.round(factor * 1_000) / 1_000
  return Math.min(1, Math.max(least, Number.isNaN(rounded) ? 1 : rounded))
}

/** Of fewer than three there is nothing to compare with. */
function medianOf(values: readonly number[]): number | undefined {
  return values.length < 3 ? undefined : values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
