import { Durations } from './durations.ts'

/** How long changes took until a sink had proven them: of all of them, milliseconds within which so many had. */
export type Spread = {
  readonly changes: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export type Converged = {
  /** Of those proven within the last hour; undefined: none. */
  readonly hour: Spread | undefined
  /** Since the plane's start. */
  readonly all: Spread | undefined
  /** Changes that it has not proven yet. */
  readonly waiting: number
  /** Changes that waited when more came than are remembered: nobody knows how long they took. */
  readonly forgotten: number
}

export type ConvergenceOptions = {
  /** Changes that are remembered while a sink has not proven them. */
  readonly most?: number
  /** Called with each change that a sink has proven. */
  readonly onProven?: (sink: string, ms: number) => void
}

const mostChanges = 20_000
const minuteMs = 60_000
const minutesKept = 60

/**
 * When each sink had proven each change. Changes come in the order of their revisions. A sink is measured from its first proof on: how long
 * the plane was not there, or the sink, is nobody's convergence.
 */
export class Convergence {
  readonly #most: number
  readonly #onProven: (sink: string, ms: number) => void
  /** Changes that some sink may still have to prove, oldest first. */
  #changes: { readonly revision: number; readonly at: number }[] = []
  readonly #sinks = new Map<string, Measured>()
  /** Nothing up to here is remembered. */
  #dropped = Number.NEGATIVE_INFINITY

  constructor({ most = mostChanges, onProven = () => {} }: ConvergenceOptions = {}) {
    this.#most = most
    this.#onProven = onProven
  }

  /** Something changed. @param at when it happened, epoch milliseconds */
  changed(revision: number, at: number): void {
    if (revision <= (this.#changes.at(-1)?.revision ?? Number.NEGATIVE_INFINITY)) return
    this.#changes.push({ revision, at })
    // Not at each change: moving what is left costs as much as there is.
    if (this.#changes.length > this.#most * 1.25) this.#forget(this.#changes.length - this.#most)
  }

  /** A sink shows everything up to `revision`, since `at`. The same may be told often. */
  proven(sink: string, revision: number, at: number): void {
    const known = this.#sinks.get(sink)
    if (!known) {
      this.#sinks.set(sink, new Measured(Math.max(revision, this.#dropped)))
      return
    }
    if (revision <= known.revision) return
    for (let index = this.#after(known.revision); index < this.#changes.length; index += 1) {
      const change = this.#changes[index]
      if (!change || change.revision > revision) break
      const ms = Math.max(0, at - change.at)
      known.add(ms, at)
      this.#onProven(sink, ms)
    }
    known.revision = revision
    const least = Math.min(...[...this.#sinks.values()].map((each) => each.revision))
    this.#drop(this.#after(least))
  }

  /** Keeps what is known of these sinks only. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#sinks.keys()) if (!names.has(name)) this.#sinks.delete(name)
  }

  /** Whether a sink has changes to prove. */
  get waiting(): boolean {
    const newest = this.#changes.at(-1)?.revision
    return newest !== undefined && [...this.#sinks.values()].some(({ revision }) => revision < newest)
  }

  /** Undefined: this sink has proven nothing yet. @param now epoch milliseconds */
  of(sink: string, now: number): Converged | undefined {
    const known = this.#sinks.get(sink)
    if (!known) return undefined
    const waiting = this.#changes.length - this.#after(known.revision)
    return { hour: spreadOf(known.lastHour(now)), all: spreadOf(known.all), waiting, forgotten: known.forgotten }
  }

  #forget(count: number): void {
    const gone = this.#drop(count)
    for (const known of this.#sinks.values()) {
      known.forgotten += gone.filter(({ revision }) => revision > known.revision).length
    }
  }

  #drop(count: number): readonly { readonly revision: number }[] {
    const gone = this.#changes.splice(0, count)
    this.#dropped = gone.at(-1)?.revision ?? this.#dropped
    return gone
  }

  /** The place of the first change after a revision. */
  #after(revision: number): number {
    let low = 0
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.revision ?? 0) > revision) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** What is known of one sink. */
class Measured {
  revision: number
  forgotten = 0
  readonly all = new Durations()
  /** By minute, for as many as an hour has. */
  readonly #minutes: { minute: number; durations: Durations }[] = []

  constructor(revision: number) {
    this.revision = revision
  }

  add(ms: number, at: number): void {
    this.all.add(ms)
    const minute = Math.floor(at / minuteMs)
    const place = ((minute % minutesKept) + minutesKept) % minutesKept
    const slot = this.#minutes[place]
    if (slot?.minute === minute) slot.durations.add(ms)
    else {
      const durations = new Durations()
      durations.add(ms)
      this.#minutes[place] = { minute, durations }
    }
  }

  lastHour(now: number): Durations {
    const newest = Math.floor(now / minuteMs)
    const sum = new Durations()
    for (const slot of this.#minutes) {
      if (slot && slot.minute > newest - minutesKept && slot.minute <= newest) sum.addAll(slot.durations)
    }
    return sum
  }
}

function spreadOf(durations: Durations): Spread | undefined {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => durations.quantile(share))
  if (p50 === undefined || p95 === undefined || p99 === undefined) return undefined
  return { changes: durations.count, p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) }
}

/** To what can be told apart anyway. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(3))
}
