import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '#shared/logging/logger.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Declaration } from './declaration/declaration.ts'
import { type Ahead, type Declared, Lines } from './lines.ts'
import { Pacing } from './pacing.ts'
import { danglingRoutes, fillTable, refillTable, type TableFrame } from './table/build.ts'
import type { Weighed } from './table/dynamic-weight.ts'
import type { Federation } from './table/federated.ts'
import type { LocalityView } from './table/located.ts'
import type { SplitPositions } from './table/split-routes.ts'
import type { LeftOut, RouteTable, Service } from './table.ts'

/** A gateway's table as it is published. */
export type TableUpdate = {
  /** The same object as before if nothing of it has changed but the revision. */
  readonly table: RouteTable
  /** The revision of the fleet that it shows. */
  readonly revision: number
  /** It takes away an endpoint that must not be called any more, or users from the canary of a split. */
  readonly urgent: boolean
  /** The number of the declaration's version that it comes from. */
  readonly declared: number
  /** Services that the table does not name but a proxy may still lead to. */
  readonly besides: readonly Service[]
}

/** Who is given the tables. */
export type Outlet = {
  offer(update: TableUpdate): void
  /** A gateway that was published is no longer declared. */
  withdraw(gateway: string): void
  /** Services that a proxy may still lead to although no route does. */
  stillLedTo(gateway: string): readonly string[]
}

export type PublisherOptions = { readonly fleet: FleetView; readonly log: Logger; readonly gatherMs: number }

/** Turns declaration and fleet into each gateway's table, and decides when a change goes out. */
export class Publisher implements Disposable {
  readonly #fleet: FleetView
  readonly #log: Logger
  readonly #outlets = new Set<Outlet>()
  readonly #lines: Lines
  readonly #pacing: Pacing
  readonly #published = new Map<string, TableUpdate>()
  /** What the published tables were made of. */
  readonly #frames = new Map<string, TableFrame>()
  /** Every table is to be filled anew. */
  #everything = false
  #urgent = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #returning: NodeJS.Timeout | undefined
  #returnsAt: number | undefined

  constructor({ fleet, log, gatherMs }: PublisherOptions) {
    this.#fleet = fleet
    this.#log = log
    this.#lines = new Lines(fleet)
    this.#pacing = new Pacing(gatherMs)
  }

  /** Gives `outlet` what is published already, and each table from now on. Returns how to stop. */
  attach(outlet: Outlet): () => void {
    this.#outlets.add(outlet)
    for (const update of this.#published.values()) this.#offer(outlet, { ...update, urgent: false })
    return () => this.#outlets.delete(outlet)
  }

  /** The declaration that holds; undefined: none does yet. */
  get declaration(): Declaration | undefined {
    return this.#lines.declaration
  }

  get frames(): ReadonlyMap<string, TableFrame> {
    return this.#lines.frames
  }

  published(gateway: string): TableUpdate | undefined {
    return this.#published.get(gateway)
  }

  /** The names under which an instance is or would be called. */
  namesFor(instance: string): ReadonlySet<string> {
    return this.#lines.namesFor(instance)
  }

  /** Why an instance would not be called if more of the service could be; undefined: it is called as usual, or not at all. */
  calledInPanic(instance: string, name: string): Reason | undefined {
    return this.#lines.calledInPanic(instance, name)
  }

  /** How an instance is weighed under a name; undefined: as declared. */
  weighed(instance: string, name: string): Weighed | undefined {
    return this.#lines.weighed(instance, name)
  }

  /** Which level of a service serves at a gateway; undefined: it does not go by places. */
  locality(gateway: string, name: string): LocalityView | undefined {
    return this.#lines.locality(gateway, name)
  }

  /**
   * @param name one of those that `namesFor` answers; by default the first
   * @param gateway from where it is called; by default from anywhere
   */
  leftOut(instance: string, name?: string, gateway?: string): LeftOut | undefined {
    return this.#lines.leftOut(instance, name, gateway)
  }

  /** Gives every gateway `base`, but those that `ahead` names its version. */
  declare(base: Declared, ahead?: Ahead): void {
    this.#lines.declare(base, ahead)
    this.#everything = true
    this.#want()
    this.#due('gathered')
  }

  /** Splits are elsewhere now. This does not wait for other changes: an abort takes users from what fails. */
  split(positions: SplitPositions): void {
    if (this.#lines.split(positions)) this.#urgent = true
    this.#everything = true
    this.#due('urgent')
  }

  /** A change of the fleet. A removal has left for the proxies when this returns, unless publishing was busy just before. */
  follow(change: FleetChange): void {
    this.#lines.update(change, performance.now())
    this.#awaitReturn()
    const removal = change.removal && this.#lines.changed
    if (removal) this.#urgent = true
    // Where nothing of it concerns the proxies, that they show this revision can be said at once.
    const onlyRevision = !this.#lines.changed && !this.#everything
    this.#due(removal || onlyRevision ? 'urgent' : 'gathered')
  }

  /** Another cluster may answer than before, or something else may be measured. */
  federate(federation: Federation): void {
    this.#lines.federate(federation, performance.now())
    this.#awaitReturn()
    if (this.#lines.changed) this.#due('gathered')
  }

  /** The fleet has become complete, or a proxy has rejected something: look again at what is offered. */
  lookAgain(): void {
    this.#want()
    this.#awaitReturn()
    this.#everything = true
    this.#due('gathered')
  }

  /** Makes every service anew from the fleet, one at a time, and publishes what differs. */
  async compare(stop: AbortSignal): Promise<void> {
    for (const { service, missed } of this.#lines.compare()) {
      if (missed) {
        this.#log.error({ service }, 'a change of the fleet was missed; the service was made anew')
        this.#urgent = true
        this.#due('urgent')
      }
      await nextTurn()
      if (stop.aborted) return
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#returning)
    this.#timerAt = Number.NEGATIVE_INFINITY
  }

  /** A nearer level of a service serves again when it has held for a while: nothing happens at that moment, so it is waited for. */
  #awaitReturn(): void {
    const at = this.#lines.returnsAt
    if (at === this.#returnsAt || this.#timerAt === Number.NEGATIVE_INFINITY) return
    this.#returnsAt = at
    clearTimeout(this.#returning)
    if (at === undefined) return
    const wait = Math.max(1, Math.ceil(at - performance.now()))
    this.#returning = setTimeout(() => {
      this.#returnsAt = undefined
      this.#lines.look(performance.now())
      if (this.#lines.changed) this.#due('gathered')
      this.#awaitReturn()
    }, wait)
  }

  #stillLedTo(gateway: string): readonly string[] {
    return [...this.#outlets].flatMap((outlet) => outlet.stillLedTo(gateway))
  }

  #want(): void {
    this.#lines.want((gateway) => this.#stillLedTo(gateway))
  }

  #due(lane: 'urgent' | 'gathered'): void {
    const now = performance.now()
    const due = this.#pacing.changed(lane, now)
    if (due <= now) this.#publish()
    else if (due < this.#timerAt) {
      clearTimeout(this.#timer)
      this.#timerAt = due
      this.#timer = setTimeout(() => this.#publish(), due - now)
    }
  }

  #publish(): void {
    clearTimeout(this.#timer)
    if (this.#timerAt === Number.NEGATIVE_INFINITY) return
    this.#timerAt = Number.POSITIVE_INFINITY
    const startedAt = performance.now()
    // What is pending stays so: the next change, completeness or thaw comes back to it.
    if (this.#fleet.complete && !this.#fleet.installation.frozen) this.#publishAll(this.#fleet.revision)
    this.#pacing.published(startedAt, performance.now())
  }

  #publishAll(revision: number): void {
    for (const [gateway, frame] of this.frames) {
      const update = this.#update(frame, this.#published.get(gateway), revision)
      if (!update) continue
      this.#published.set(gateway, update)
      for (const outlet of this.#outlets) this.#offer(outlet, update)
    }
    for (const gateway of [...this.#published.keys()]) {
      if (this.frames.has(gateway)) continue
      this.#published.delete(gateway)
      this.#frames.delete(gateway)
      for (const outlet of this.#outlets) outlet.withdraw(gateway)
    }
    this.#everything = false
    this.#lines.settled()
    this.#urgent = false
  }

  #offer(outlet: Outlet, update: TableUpdate): void {
    try {
      outlet.offer(update)
    } catch (error) {
      // One gateway's trouble, or one outlet's, is not another's: it keeps what it has.
      this.#log.error({ gateway: update.table.gateway, err: error }, 'a table could not be published')
    }
  }

  #update(frame: TableFrame, before: TableUpdate | undefined, revision: number): TableUpdate | undefined {
    const { gateway, serviceNames } = frame
    const stillLedTo = this.#stillLedTo(gateway)
    const changed = this.#lines.changedFor(gateway)
    const touched = (name: string) => changed.has(name)
    const isTouched = changed.size > 0 && (serviceNames.some(touched) || stillLedTo.some(touched))
    if (before && !this.#everything && !isTouched) return { ...before, revision, urgent: false }
    const table = this.#refilled(frame, before) ?? this.#filled(frame)
    if (!table) return undefined
    const besides = stillLedTo.filter((name) => !serviceNames.includes(name))
    const services = besides.flatMap((name) => this.#lines.service(gateway, name) ?? [])
    return { table, revision, urgent: this.#urgent, declared: this.#lines.numberOf(gateway), besides: services }
  }

  /** A whole table; undefined: it would lead nowhere. */
  #filled(frame: TableFrame): RouteTable | undefined {
    const { gateway } = frame
    const table = fillTable(frame, (name) => this.#lines.service(gateway, name))
    const dangling = danglingRoutes(table)
    if (dangling.length > 0) {
      const routes = dangling.map(({ name, source }) => `${name} (${source})`)
      this.#log.error({ gateway, routes }, 'a table with routes that lead nowhere is not published')
      this.#frames.delete(gateway)
      return undefined
    }
    this.#frames.set(gateway, frame)
    return table
  }

  /** The table where only services have changed since the last one; undefined: more has. */
  #refilled(frame: TableFrame, before: TableUpdate | undefined): RouteTable | undefined {
    const { gateway } = frame
    if (!before || this.#everything || this.#frames.get(gateway) !== frame) return undefined
    const changed = this.#lines.changedFor(gateway)
    return refillTable(before.table, frame, changed, (name) => this.#lines.service(gateway, name))
  }
}
