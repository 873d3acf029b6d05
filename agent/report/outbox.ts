import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import type { InstanceReport, Metric, Report } from '#shared/protocol/messages.ts'
import type { Backlog } from '../buffer/open-backlog.ts'

/** Bounds of what waits to be told. */
export type Bounds = { readonly mostWaiting: number; readonly mostUnacknowledged: number }

type Change = {
  readonly id: string
  readonly spec?: InstanceSpec
  readonly verdict: Verdict
  readonly at: number
  /** Its number in the backlog, where it is a state change. */
  readonly edge?: number
}
type Entry = {
  spec: InstanceSpec
  verdict: Verdict
  at: number
  /** The number of the state change that brought the verdict. */
  edge?: number
  acknowledged?: InstanceSpec
}
type Measured = { readonly sample: number; readonly metrics: readonly Metric[] }
type Sent = {
  readonly changes: readonly Change[]
  readonly withdrawn: readonly string[]
  readonly measured: readonly Measured[]
}

const mostInstances = 1000
const mostMetrics = 2000
/** Metrics of one moment that travel together at most. */
const metricsTogether = 500
/** A verdict that the plane is told so soon is news, and no history. */
const timelyMs = 10_000

/**
 * What has to be told to the plane: the verdicts as they are, the changes since they were last told, the reports on their way.
 * A session begins with a whole report, so the plane knows at once what is. Every state change and measurement is in the backlog, too,
 * until it is acknowledged: what this session does not come to tell is told later, as history. Times by the monotonic clock, in
 * milliseconds. Knows no clock and sends nothing.
 */
export class Outbox {
  readonly #backlog: Backlog
  readonly #bounds: Bounds
  readonly #entries = new Map<string, Entry>()
  readonly #sent = new Map<number, Sent>()
  #waiting: Change[] = []
  #withdrawn: string[] = []
  #measured: Measured[] = []
  #attached = false
  #sequence = 0
  /** Called when there is something to tell in the current session. */
  onNews: (() => void) | undefined

  constructor(backlog: Backlog, bounds: Bounds = { mostWaiting: 10_000, mostUnacknowledged: 64 }) {
    this.#backlog = backlog
    this.#bounds = bounds
  }

  specified(spec: InstanceSpec, verdict: Verdict, at: number): void {
    const known = this.#entries.get(spec.id)
    if (known) Object.assign(known, { spec, verdict, at })
    else this.#entries.set(spec.id, { spec, verdict, at })
    this.#withdrawn = this.#withdrawn.filter((id) => id !== spec.id)
    this.#note({ id: spec.id, spec, verdict, at })
  }

  judged(id: string, verdict: Verdict, at: number): void {
    const known = this.#entries.get(id)
    if (known === undefined) return
    const edge = this.#backlog.edge(id, verdict, at, this.#attached)
    Object.assign(known, { verdict, at, edge })
    this.#note({ id, verdict, at, edge })
  }

  withdrawn(id: string): void {
    if (!this.#entries.delete(id)) return
    this.#release(this.#waiting.filter((change) => change.id === id))
    this.#waiting = this.#waiting.filter((change) => change.id !== id)
    if (!this.#attached) return
    this.#withdrawn.push(id)
    this.onNews?.()
  }

  /** What was measured just now; it goes with the next report. */
  measured(metrics: readonly Metric[]): void {
    for (let from = 0; from < metrics.length; from += metricsTogether) {
      const together = metrics.slice(from, from + metricsTogether)
      const sample = this.#backlog.sample(together, this.#attached)
      if (this.#attached) this.#measured.push({ sample, metrics: together })
    }
    const beyond = this.#measured.splice(0, Math.max(0, this.#measured.length - this.#bounds.mostWaiting))
    this.#backlog.release('samples', samplesOf(beyond))
    if (this.#attached) this.onNews?.()
  }

  /** The first report of a session: everything as it is at `now`. */
  begin(now: number): Report {
    this.#attached = true
    const changes = [...this.#entries.values()].map(({ spec, verdict, at, edge }) => {
      const change = { id: spec.id, spec, verdict, at }
      return edge === undefined || now - at > timelyMs ? change : { ...change, edge }
    })
    this.#backlog.hold('edges', edgesOf(changes))
    return { ...this.#report({ changes, withdrawn: [], measured: [] }, now), whole: true }
  }

  /** The next report of the session; undefined if there is nothing to tell, or too much is on its way unacknowledged. */
  next(now: number): Report | undefined {
    if (!this.#attached || this.#sent.size >= this.#bounds.mostUnacknowledged) return undefined
    if (this.#waiting.length + this.#withdrawn.length + this.#measured.length === 0) return undefined
    const changes = this.#takeChanges()
    const withdrawn = this.#withdrawn.splice(0, mostInstances)
    return this.#report({ changes, withdrawn, measured: this.#takeMeasured() }, now)
  }

  /** The plane has taken in all reports up to `sequence`. */
  acknowledge(sequence: number): void {
    const wasFull = this.#sent.size >= this.#bounds.mostUnacknowledged
    for (const [sent, { changes, measured }] of this.#sent) {
      if (sent > sequence) break
      this.#sent.delete(sent)
      this.#backlog.acknowledge('edges', edgesOf(changes))
      this.#backlog.acknowledge('samples', samplesOf(measured))
      for (const { id, spec } of changes) {
        const entry = this.#entries.get(id)
        if (entry && spec) entry.acknowledged = spec
      }
    }
    if (wasFull) this.onNews?.()
  }

  /** The session is over. The next one begins with everything; what was not acknowledged is history now. */
  end(): void {
    if (!this.#attached) return
    this.#attached = false
    for (const entry of this.#entries.values()) delete entry.acknowledged
    this.#backlog.releaseAll()
    this.#measured = []
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

  #note(change: Change): void {
    // Without a session there is nobody to tell; the next one begins with what is then.
    if (!this.#attached) return
    this.#waiting.push(change)
    if (this.#waiting.length > this.#bounds.mostWaiting) this.#thin()
    this.onNews?.()
  }

  /** Too much waits: of each instance only its newest change stays, carrying its specification if that was among them. */
  #thin(): void {
    const newest = new Map<string, Change>()
    const overtaken: Change[] = []
    for (const change of this.#waiting) {
      const before = newest.get(change.id)
      if (before) overtaken.push(before)
      const spec = change.spec ?? before?.spec
      newest.delete(change.id)
      newest.set(change.id, spec ? { ...change, spec } : change)
    }
    this.#waiting = [...newest.values()]
    this.#release(overtaken)
  }

  /** What is not told in this way is told as history. */
  #release(changes: readonly Change[]): void {
    this.#backlog.release('edges', edgesOf(changes))
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

  #takeMeasured(): readonly Measured[] {
    let count = 0
    const end = this.#measured.findIndex(({ metrics }) => {
      count += metrics.length
      return count > mostMetrics
    })
    return this.#measured.splice(0, end < 0 ? this.#measured.length : end)
  }

  #report({ changes, withdrawn, measured }: Sent, now: number): Report {
    this.#sequence += 1
    this.#sent.set(this.#sequence, { changes, withdrawn, measured })
    return {
      type: 'report',
      sequence: this.#sequence,
      ...(changes.length > 0 ? { instances: changes.map((change) => this.#instance(change, now)) } : {}),
      ...(withdrawn.length > 0 ? { withdrawn: [...withdrawn] } : {}),
      ...(measured.length > 0 ? { metrics: measured.flatMap(({ metrics }) => metrics) } : {}),
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

function edgesOf(changes: readonly Change[]): readonly number[] {
  return changes.flatMap(({ edge }) => edge ?? [])
}

function samplesOf(measured: readonly Measured[]): readonly number[] {
  return measured.map(({ sample }) => sample)
}
