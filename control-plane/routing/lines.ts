import type { Reason } from '#shared/protocol/reason.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Declaration } from './declaration/declaration.ts'
import { defaultPolicy } from './declaration/to-service.ts'
import { type TableFrame, tableFrames } from './table/build.ts'
import type { Weighed } from './table/dynamic-weight.ts'
import { type Federation, noFederation } from './table/federated.ts'
import type { LocalityView } from './table/located.ts'
import { ServiceIndex, type Wanted, wantedServices } from './table/service-index.ts'
import { type SplitPositions, takesBack } from './table/split-routes.ts'
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
  #positions: SplitPositions = new Map()
  #frames: ReadonlyMap<string, TableFrame> = new Map()

  constructor(fleet: FleetView) {
    this.#fleet = fleet
  }

  /** What each gateway is to have, by its name, whichever version that comes from. */
  get frames(): ReadonlyMap<string, TableFrame> {
    return this.#frames
  }

  /** The one that holds; undefined: none does yet. */
  get declaration(): Declaration | undefined {
    return this.#lines[0]?.declaration
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
      return { number, declaration, frames: tableFrames(declaration, this.#positions), index, changed, wanted }
    })
    this.#ahead = ahead?.gateways ?? new Set()
    this.#frames = this.#framesOfAll()
  }

  /** How far the splits are now. Whether users were taken back from one. */
  split(positions: SplitPositions): boolean {
    const back = takesBack(this.#positions, positions)
    this.#positions = positions
    this.#lines = this.#lines.map((line) => ({ ...line, frames: tableFrames(line.declaration, positions) }))
    this.#frames = this.#framesOfAll()
    return back
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
      line.index.want(
        wanted,
        [...line.frames.values()].flatMap(({ place }) => place ?? []),
      )
      return { ...line, wanted }
    })
  }

  /** The number of the version that a gateway is to have. */
  numberOf(gateway: string): number {
    return this.#of(gateway)?.number ?? 0
  }

  /** A service as the version of this gateway wants it. */
  service(gateway: string, name: string): Service | undefined {
    const line = this.#of(gateway)
    return line?.index.service(name, line.frames.get(gateway)?.place)
  }

  /** Which level of a service serves at a gateway; undefined: it does not go by places. */
  locality(gateway: string, name: string): LocalityView | undefined {
    const line = this.#of(gateway)
    return line?.index.locality(name, line.frames.get(gateway)?.place)
  }

  /** The services, as the version of this gateway has them, that have other endpoints since they were published. */
  changedFor(gateway: string): ReadonlySet<string> {
    return this.#of(gateway)?.changed ?? nothingChanged
  }

  /** @param now milliseconds of a steady clock; by default as before */
  update(change: Pick<FleetChange, 'instances'>, now?: number): void {
    for (const { index, changed } of this.#lines) for (const name of index.update(change, now)) changed.add(name)
  }

  /** Looks again at which levels of services serve, since time has passed. */
  look(now: number): void {
    for (const { index, changed } of this.#lines) for (const name of index.look(now)) changed.add(name)
  }

  /** When `look` will find something else, if nothing changes until then; undefined: never. */
  get returnsAt(): number | undefined {
    const times = this.#lines.flatMap(({ index }) => index.returnsAt ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /**
   * Looks again at which clusters answer, and at what is measured.
   * @param now milliseconds of a steady clock
   */
  federate(federation: Federation, now: number): void {
    this.#federation = federation
    for (const { index, changed } of this.#lines) for (const name of index.federate(federation, now)) changed.add(name)
  }

  /** Why an instance would not be called if more of the service could be; undefined: it is called as usual, or not at all. */
  calledInPanic(instance: string, name: string): Reason | undefined {
    return this.#lines.flatMap(({ index }) => index.calledInPanic(instance, name) ?? [])[0]
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

  /** @param gateway from where it is called; by default from anywhere */
  leftOut(instance: string, name?: string, gateway?: string): LeftOut | undefined {
    const place = gateway === undefined ? undefined : this.#frames.get(gateway)?.place
    return this.#lines.flatMap(({ index }) => index.leftOut(instance, name, place) ?? [])[0]
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

const nothingChanged: ReadonlySet<string> = new Set()

function newLine(fleet: FleetView, federation: Federation): Pick<Line, 'index' | 'changed' | 'wanted'> {
  return { index: new ServiceIndex(fleet, federation), changed: new Set(), wanted: new Map() }
}
