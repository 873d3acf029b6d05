import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Declaration } from './declaration/declaration.ts'
import { defaultPolicy } from './declaration/to-service.ts'
import { type TableFrame, tableFrames } from './table/build.ts'
import type { Weighed } from './table/dynamic-weight.ts'
import { type Federation, noFederation } from './table/federated.ts'
import { ServiceIndex, type Wanted, wantedServices } from './table/service-index.ts'
import type { LeftOut, Service } from './table.ts'

/** A declaration as a numbered version. */
export type Declared = { readonly number: number; readonly declaration: Declaration }

/** A version that some gateways have already while the others keep the former one. */
export type Ahead = Declared & { readonly gateways: ReadonlySet<string> }

/** One version with its services: two versions may ask for different policies of the same service. */
type Line = Declared & {
  readonly frames: ReadonlyMap<string, TableFrame>
  readonly index: ServiceIndex
  /** Services whose endpoints are others since they were published. */
  readonly changed: Set<string>
  readonly wanted: Wanted
}

/** The versions of the declaration that gateways have: usually one, two while a new one is on its way. */
export class Lines {
  readonly #fleet: FleetView
  #federation: Federation = noFederation
  #lines: readonly Line[] = []
  #ahead: ReadonlySet<string> = new Set()
  #frames: ReadonlyMap<string, TableFrame> = new Map()

  constructor(fleet: FleetView) {
    this.#fleet = fleet
  }

  /** What each gateway is to have, by its name, whichever version that comes from. */
  get frames(): ReadonlyMap<string, TableFrame> {
    return this.#frames
  }

  /** Whether any service's endpoints are others since they were published. */
  get changed(): boolean {
    return this.#lines.some(({ changed }) => changed.size > 0)
  }

  /** Gives every gateway `base`, but those that `ahead` names its version. `want` must follow. */
  declare(base: Declared, ahead?: Ahead): void {
    const before = this.#lines
    const wanted = ahead ? [base, ahead] : [base]
    const left = before.filter(({ number }) => !wanted.some((each) => each.number === number))
    this.#lines = wanted.map((declared) => {
      const known = before.find(({ number }) => number === declared.number)
      // A version that nobody has any more leaves what it knows of the fleet to the one that comes after it.
      const { index, changed, wanted } = known ?? left.shift() ?? newLine(this.#fleet, this.#federation)
      const { number, declaration } = declared
      return { number, declaration, frames: tableFrames(declaration), index, changed, wanted }
    })
    this.#ahead = ahead?.gateways ?? new Set()
    this.#frames = this.#framesOfAll()
  }

  /**
   * Has the services followed that each version leads to.
   * @param stillLedTo services that a gateway's proxies may still lead to although no route does
   */
  want(stillLedTo: (gateway: string) => readonly string[]): void {
    const former = this.#lines
    const policyOf = (name: string) => former.flatMap(({ wanted }) => wanted.get(name) ?? [])[0]
    this.#lines = former.map((line) => {
      const wanted = new Map(wantedServices(line.declaration, defaultPolicy))
      for (const gateway of this.#frames.keys()) {
        if (this.#of(gateway) !== line) continue
        for (const name of stillLedTo(gateway)) {
          const before = policyOf(name)
          if (!wanted.has(name) && before) wanted.set(name, before)
        }
      }
      line.index.want(wanted)
      return { ...line, wanted }
    })
  }

  /** The number of the version that a gateway is to have. */
  numberOf(gateway: string): number {
    return this.#of(gateway)?.number ?? 0
  }

  /** A service as the version of this gateway wants it. */
  service(gateway: string, name: string): Service | undefined {
    return this.#of(gateway)?.index.service(name)
  }

  /** Whether one of these services of the gateway has other endpoints since they were published. */
  touches(gateway: string, services: readonly string[]): boolean {
    const changed = this.#of(gateway)?.changed
    return changed !== undefined && services.some((name) => changed.has(name))
  }

  update(change: Pick<FleetChange, 'instances'>): void {
    for (const { index, changed } of this.#lines) for (const name of index.update(change)) changed.add(name)
  }

  /**
   * Looks again at which clusters answer, and at what is measured.
   * @param now milliseconds of a steady clock
   */
  federate(federation: Federation, now: number): void {
    this.#federation = federation
    for (const { index, changed } of this.#lines) for (const name of index.federate(federation, now)) changed.add(name)
  }

  /** How an instance is weighed under a name; undefined: as declared. */
  weighed(instance: string, name: string): Weighed | undefined {
    return this.#lines.flatMap(({ index }) => index.weighed(instance, name) ?? [])[0]
  }

  /** Everything that has changed is published. */
  settled(): void {
    for (const { changed } of this.#lines) changed.clear()
  }

  /** Makes each service anew, one at a time, and yields its name and whether it differed. */
  *compare(): Generator<{ readonly service: string; readonly missed: boolean }> {
    for (const { index, wanted, changed } of this.#lines) {
      for (const service of [...wanted.keys()]) {
        const missed = index.compare(service)
        if (missed) changed.add(service)
        yield { service, missed }
      }
    }
  }

  /** The names under which an instance is or would be called, whichever version leads to them. */
  namesFor(instance: string): ReadonlySet<string> {
    return new Set(this.#lines.flatMap(({ index }) => index.namesFor(instance)))
  }

  leftOut(instance: string, name?: string): LeftOut | undefined {
    return this.#lines.flatMap(({ index }) => index.leftOut(instance, name) ?? [])[0]
  }

  #of(gateway: string): Line | undefined {
    const [base, ahead] = this.#lines
    return ahead && this.#ahead.has(gateway) ? ahead : base
  }

  #framesOfAll(): ReadonlyMap<string, TableFrame> {
    const names = new Set(this.#lines.flatMap(({ frames }) => [...frames.keys()]))
    return new Map(
      [...names].sort().flatMap((name) => {
        const frame = this.#of(name)?.frames.get(name)
        return frame ? [[name, frame] as const] : []
      }),
    )
  }
}

function newLine(fleet: FleetView, federation: Federation): Pick<Line, 'index' | 'changed' | 'wanted'> {
  return { index: new ServiceIndex(fleet, federation), changed: new Set(), wanted: new Map() }
}
