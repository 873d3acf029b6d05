import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import type { InstanceReport, Metric, Report } from '#shared/protocol/messages.ts'

/** Bounds of what waits to be told. */
export type Bounds = { readonly mostWaiting: number; readonly mostUnacknowledged: number }

export type Dropped = {
  /** Changes that a later one of the same instance overtook before they were told. */
  readonly changes: number
  /** Metrics measured while nobody listened. */
  readonly metrics: number
}

type Change = { readonly id: string; readonly spec?: InstanceSpec; readonly verdict: Verdict; readonly at: number }
type Entry = {
  spec: InstanceSpec
  verdict: Verdict
  at: number
  newest: Change
  told: boolean
  acknowledged?: InstanceSpec
}
type Sent = { readonly changes: readonly Change[]; readonly withdrawn: readonly string[] }

const mostInstances = 1000
const mostMetrics = 2000

/**
 * What has to be told to the plane: the verdicts as they are, the changes since they were last told, the reports on their way.
 * A session begins with a whole report, so whatever was not acknowledged before is told again. Times by the monotonic clock,
 * in milliseconds. Knows no clock and sends nothing.
 */
export class Outbox {
  readonly #bounds: Bounds
  readonly #entries = new Map<string, Entry>()
  readonly #sent = new Map<number, Sent>()
  #waiting: Change[] = []
  #withdrawn: string[] = []
  #metrics: Metric[] = []
  #attached = false
  #sequence = 0
  #dropped = { changes: 0, metrics: 0 }
  /** Called when there is something to tell in the current session. */
  onNews: (() => void) | undefined

  constructor(bounds: Bounds = { mostWaiting: 10_000, mostUnacknowledged: 64 }) {
    this.#bounds = bounds
  }

  specified(spec: InstanceSpec, verdict: Verdict, at: number): void {
    const known = this.#entries.get(spec.id)
    const change = { id: spec.id, spec, verdict, at }
    if (known) Object.assign(known, { spec, verdict, at })
    else this.#entries.set(spec.id, { spec, verdict, at, newest: change, told: true })
    this.#withdrawn = this.#withdrawn.filter((id) => id !== spec.id)
    this.#note(change)
  }

  judged(id: string, verdict: Verdict, at: number): void {
    const known = this.#entries.get(id)
    if (known === undefined) return
    Object.assign(known, { verdict, at })
    this.#note({ id, verdict, at })
  }

  withdrawn(id: string): void {
    if (!this.#entries.delete(id)) return
    this.#waiting = this.#waiting.filter((change) => change.id !== id)
    if (!this.#attached) return
    this.#withdrawn.push(id)
    this.onNews?.()
  }

  /** Metrics go with the next report; without a session nobody could date them, so they are dropped and counted. */
  measured(metrics: readonly Metric[]): void {
    if (!this.#attached) {
      this.#dropped.metrics += metrics.length
      return
    }
    const room = Math.max(0, this.#bounds.mostWaiting - this.#metrics.length)
    this.#dropped.metrics += Math.max(0, metrics.length - room)
    this.#metrics.push(...metrics.slice(0, room))
    this.onNews?.()
  }

  /** The first report of a session: everything as it is at `now`. */
  begin(now: number): Report {
    this.#attached = true
    const changes = [...this.#entries.values()].map(({ spec, verdict, at }) => ({ id: spec.id, spec, verdict, at }))
    for (const change of changes) this.#mark(change)
    return { ...this.#report(changes, [], [], now), whole: true }
  }

  /** The next report of the session; undefined if there is nothing to tell, or too much is on its way unacknowledged. */
  next(now: number): Report | undefined {
    if (!this.#attached || this.#sent.size >= this.#bounds.mostUnacknowledged) return undefined
    if (this.#waiting.length + this.#withdrawn.length + this.#metrics.length === 0) return undefined
    const changes = this.#takeChanges()
    const withdrawn = this.#withdrawn.splice(0, mostInstances)
    return this.#report(changes, withdrawn, this.#metrics.splice(0, mostMetrics), now)
  }

  /** The plane has taken in all reports up to `sequence`. */
  acknowledge(sequence: number): void {
    const wasFull = this.#sent.size >= this.#bounds.mostUnacknowledged
    for (const [sent, { changes }] of this.#sent) {
      if (sent > sequence) break
      this.#sent.delete(sent)
      for (const { id, spec } of changes) {
        const entry = this.#entries.get(id)
        if (entry && spec) entry.acknowledged = spec
      }
    }
    if (wasFull) this.onNews?.()
  }

  /** The session is over. The next one begins with everything. */
  end(): void {
    if (!this.#attached) return
    this.#attached = false
    const open = [...this.#sent.values()].flatMap(({ changes }) => changes).concat(this.#waiting)
    for (const change of open) {
      const entry = this.#entries.get(change.id)
      if (entry === undefined) continue
      entry.told = false
      if (entry.newest !== change) this.#dropped.changes += 1
    }
    for (const entry of this.#entries.values()) delete entry.acknowledged
    this.#dropped.metrics += this.#metrics.length
    this.#metrics = []
    this.#waiting = []
    this.#withdrawn = []
    this.#sent.clear()
  }

  /** Whether all that there is to tell has been acknowledged. */
  get settled(): boolean {
    return this.#sent.size + this.#waiting.length + this.#withdrawn.length === 0
  }

  get unacknowledged(): number {
    return this.#sent.size
  }

  get dropped(): Dropped {
    return { ...this.#dropped }
  }

  #note(change: Change): void {
    const entry = this.#entries.get(change.id)
    if (entry === undefined) return
    if (!this.#attached) {
      // That nothing was known yet is no news lost.
      if (!entry.told && entry.newest.verdict.health !== 'unknown') this.#dropped.changes += 1
      entry.told = false
      entry.newest = change
      return
    }
    entry.newest = change
    this.#waiting.push(change)
    if (this.#waiting.length > this.#bounds.mostWaiting) this.#thin()
    this.onNews?.()
  }

  /** Too much waits: of each instance only its newest change stays, carrying its specification if that was among them. */
  #thin(): void {
    const before = this.#waiting.length
    const newest = new Map<string, Change>()
    for (const change of this.#waiting) {
      const spec = change.spec ?? newest.get(change.id)?.spec
      newest.delete(change.id)
      newest.set(change.id, spec ? { ...change, spec } : change)
    }
    this.#waiting = [...newest.values()]
    for (const change of this.#waiting) this.#mark(change)
    this.#dropped.changes += before - this.#waiting.length
  }

  /** As many waiting changes as make one report: one of each instance, in order, so that none overtakes another. */
  #takeChanges(): readonly Change[] {
    const taken = new Set<string>()
    const end = this.#waiting.findIndex(({ id }) => {
      if (taken.has(id) || taken.size >= mostInstances) return true
      taken.add(id)
      return false
    })
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
  }

  #mark(change: Change): void {
    const entry = this.#entries.get(change.id)
    if (entry) Object.assign(entry, { newest: change, told: true })
  }

  #report(changes: readonly Change[], withdrawn: readonly string[], metrics: readonly Metric[], now: number): Report {
    this.#sequence += 1
    this.#sent.set(this.#sequence, { changes, withdrawn })
    return {
      type: 'report',
      sequence: this.#sequence,
      ...(changes.length > 0 ? { instances: changes.map((change) => this.#instance(change, now)) } : {}),
      ...(withdrawn.length > 0 ? { withdrawn: [...withdrawn] } : {}),
      ...(metrics.length > 0 ? { metrics: [...metrics] } : {}),
    }
  }

  #instance({ id, spec, verdict, at }: Change, now: number): InstanceReport {
    // The specification goes along until the plane has it.
    const told = spec ?? this.#unacknowledgedSpec(id)
    const { health, reason } = verdict
    return { id, ...(told ? { spec: told } : {}), health, reason, ageMs: Math.max(0, Math.round(now - at)) }
  }

  #unacknowledgedSpec(id: string): InstanceSpec | undefined {
    const entry = this.#entries.get(id)
    return entry && entry.acknowledged !== entry.spec ? entry.spec : undefined
  }
}
