import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '#shared/logging/logger.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Declaration } from './declaration/declaration.ts'
import { defaultPolicy } from './declaration/parse.ts'
import { Pacing } from './pacing.ts'
import { danglingRoutes, fillTable, type TableFrame, tableFrames } from './table/build.ts'
import { ServiceIndex, type Wanted, wantedServices } from './table/service-index.ts'
import type { LeftOut, RouteTable, Service } from './table.ts'

/** A gateway's table as it is published. */
export type TableUpdate = {
  /** The same object as before if nothing of it has changed but the revision. */
  readonly table: RouteTable
  /** The revision of the fleet that it shows. */
  readonly revision: number
  /** It takes away an endpoint that must not be called any more. */
  readonly urgent: boolean
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
  readonly #index: ServiceIndex
  readonly #pacing: Pacing
  #declaration: Declaration | undefined
  #frames: ReadonlyMap<string, TableFrame> = new Map()
  #wanted: Wanted = new Map()
  readonly #published = new Map<string, TableUpdate>()
  /** Gateways whose table is to be filled anew; services whose endpoints are others. */
  #everything = false
  readonly #changed = new Set<string>()
  #urgent = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor({ fleet, log, gatherMs }: PublisherOptions) {
    this.#fleet = fleet
    this.#log = log
    this.#index = new ServiceIndex(fleet)
    this.#pacing = new Pacing(gatherMs)
  }

  /** Gives `outlet` what is published already, and each table from now on. Returns how to stop. */
  attach(outlet: Outlet): () => void {
    this.#outlets.add(outlet)
    for (const update of this.#published.values()) this.#offer(outlet, { ...update, urgent: false })
    return () => this.#outlets.delete(outlet)
  }

  get frames(): ReadonlyMap<string, TableFrame> {
    return this.#frames
  }

  published(gateway: string): TableUpdate | undefined {
    return this.#published.get(gateway)
  }

  leftOut(instance: string): LeftOut | undefined {
    return this.#index.leftOut(instance)
  }

  declare(declaration: Declaration): void {
    this.#declaration = declaration
    this.#frames = tableFrames(declaration)
    this.#everything = true
    this.#want()
    this.#due('gathered')
  }

  /** A change of the fleet. A removal has left for the proxies when this returns, unless publishing was busy just before. */
  follow(change: FleetChange): void {
    for (const service of this.#index.update(change)) this.#changed.add(service)
    const removal = change.removal && this.#changed.size > 0
    if (removal) this.#urgent = true
    // Where nothing of it concerns the proxies, that they show this revision can be said at once.
    const onlyRevision = this.#changed.size === 0 && !this.#everything
    this.#due(removal || onlyRevision ? 'urgent' : 'gathered')
  }

  /** The fleet has become complete, or a proxy has rejected something: look again at what is offered. */
  lookAgain(): void {
    this.#want()
    this.#everything = true
    this.#due('gathered')
  }

  /** Makes every service anew from the fleet, one at a time, and publishes what differs. */
  async compare(stop: AbortSignal): Promise<void> {
    for (const name of [...this.#wanted.keys()]) {
      if (stop.aborted) return
      if (this.#index.compare(name)) {
        this.#log.error({ service: name }, 'a change of the fleet was missed; the service was made anew')
        this.#changed.add(name)
        this.#urgent = true
        this.#due('urgent')
      }
      await nextTurn()
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timerAt = Number.NEGATIVE_INFINITY
  }

  #stillLedTo(gateway: string): readonly string[] {
    return [...this.#outlets].flatMap((outlet) => outlet.stillLedTo(gateway))
  }

  #want(): void {
    if (!this.#declaration) return
    const wanted = new Map(wantedServices(this.#declaration, defaultPolicy))
    for (const gateway of this.#frames.keys()) {
      for (const name of this.#stillLedTo(gateway)) {
        const before = this.#wanted.get(name)
        if (!wanted.has(name) && before) wanted.set(name, before)
      }
    }
    this.#wanted = wanted
    this.#index.want(wanted)
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
    for (const [gateway, frame] of this.#frames) {
      const update = this.#update(frame, this.#published.get(gateway), revision)
      if (!update) continue
      this.#published.set(gateway, update)
      for (const outlet of this.#outlets) this.#offer(outlet, update)
    }
    for (const gateway of [...this.#published.keys()]) {
      if (this.#frames.has(gateway)) continue
      this.#published.delete(gateway)
      for (const outlet of this.#outlets) outlet.withdraw(gateway)
    }
    this.#everything = false
    this.#changed.clear()
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
    const touched = [...serviceNames, ...stillLedTo].some((name) => this.#changed.has(name))
    if (before && !this.#everything && !touched) return { ...before, revision, urgent: false }
    const table = fillTable(frame, (name) => this.#index.service(name))
    const dangling = danglingRoutes(table)
    if (dangling.length > 0) {
      const routes = dangling.map(({ name, source }) => `${name} (${source})`)
      this.#log.error({ gateway, routes }, 'a table with routes that lead nowhere is not published')
      return undefined
    }
    const besides = stillLedTo.filter((name) => !serviceNames.includes(name))
    const services = besides.flatMap((name) => this.#index.service(name) ?? [])
    return { table, revision, urgent: this.#urgent, besides: services }
  }
}
