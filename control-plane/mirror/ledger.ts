import type { FleetView } from '../fleet/fleet.ts'
import { Actual } from './actual.ts'
import type { ServiceRecord } from './catalogue.ts'
import { isCopy } from './copy-entry.ts'
import type { Cause, Desired, Touched } from './desired.ts'
import { type Change, type DiffContext, diffNode, type Unit, withoutHeld } from './diff.ts'
import { Endpoints } from './endpoints.ts'
import { type GuardLimits, guard, type Passed } from './guard.ts'
import { ownerKey } from './names.ts'
import { Notes } from './notes.ts'
import { Queue } from './queue.ts'

export type LedgerOptions = {
  readonly owner: string
  readonly desired: Desired
  readonly sameEndpoint: 'yield' | 'add'
  readonly guard: GuardLimits
  /** Whether the lists of foreign records are complete, which copies follow; true by default. */
  readonly foreignComplete?: () => boolean
}

const mostCauses = 100_000

/** A deletion that waits for an operator. */
export type HeldRemoval = { readonly node: string; readonly instance: string }

/** All that is known of one datacenter: what it should show, what it shows, what is to be looked at. It touches nothing outside. */
export class Ledger {
  readonly desired: Desired
  readonly actual = new Actual()
  readonly queue = new Queue()
  readonly notes = new Notes()
  /** Undefined where ours are added beside those of others. */
  readonly others: Endpoints | undefined
  /** Nodes that must be read again before anything is written there. */
  readonly suspect = new Set<string>()
  readonly #fleet: FleetView
  readonly #options: LedgerOptions
  readonly #causes = new Map<string, Cause>()
  readonly #context: DiffContext
  #overlooked: ReadonlySet<string> = new Set()
  #held = new Map<string, HeldRemoval>()
  #allowed = new Set<string>()
  #passed: readonly Passed[] = []

  constructor(fleet: FleetView, options: LedgerOptions) {
    this.#fleet = fleet
    this.#options = options
    this.desired = options.desired
    this.others = options.sameEndpoint === 'yield' ? new Endpoints() : undefined
    this.#context = {
      owner: options.owner,
      others: this.others,
      causeOf: (unit, service) => this.#causeOf(unit, service),
      get complete() {
        return fleet.complete && (options.foreignComplete?.() ?? true)
      },
    }
  }

  get context(): DiffContext {
    return this.#context
  }

  get held(): readonly HeldRemoval[] {
    return [...this.#held.values()]
  }

  /** Takes in what a change of the fleet has touched. Answers with whether anything is to be looked at because of it. */
  note(
    { instances, nodes }: Touched,
    { urgent, since }: { readonly urgent: boolean; readonly since: number },
  ): boolean {
    for (const [node, keys] of instances) {
      for (const [instance, cause] of keys) {
        const id = unitId({ node, instance })
        if (cause) this.#remember(id, cause)
        else this.#causes.delete(id)
      }
      this.queue.add(node, keys.keys(), { urgent, since })
    }
    for (const node of nodes) this.queue.add(node, [], { urgent, since })
    return instances.size > 0 || nodes.size > 0
  }

  /**
   * What is to be done on a node, without the deletions that are held back; keeps notes of what cannot be done.
   * @param only keys of instances to look at; all by default
   */
  judge(node: string, only?: ReadonlySet<string>): readonly Change[] {
    const changes = this.#diff(node, only)
    this.notes.replace(node, only, changes)
    return withoutHeld(changes, (change) => this.#isInferred(change) && !this.#allowed.has(unitId(change.unit)))
  }

  /** The deletions on a node that are only inferred. */
  inferred(changes: readonly Change[]): readonly Unit[] {
    return changes.filter((change) => this.#isInferred(change)).map(({ unit }) => unit)
  }

  /** What is to be done on a node, deletions that are held back included; keeps no notes. */
  differences(node: string): readonly Change[] {
    return this.#diff(node)
  }

  /** A comparison left out these nodes, since they were written to meanwhile. Those that the one before left out too are read alone. */
  overlook(nodes: ReadonlySet<string>, since: number): void {
    for (const node of nodes) {
      if (!this.#overlooked.has(node)) continue
      this.suspect.add(node)
      this.queue.add(node, undefined, { urgent: false, since })
    }
    this.#overlooked = new Set(nodes)
  }

  /** Decides on all inferred deletions of a comparison: they may go, or wait for an operator. Times in epoch milliseconds. */
  decideInferred(units: readonly Unit[], now: number): void {
    const wanted = new Map(units.map((unit) => [unitId(unit), unit]))
    this.#allowed = new Set([...this.#allowed].filter((id) => wanted.has(id)))
    const fresh = [...wanted].filter(([id]) => !this.#allowed.has(id))
    const { pass, passed } = guard(this.#passed, fresh.length, this.present(), now, this.#options.guard)
    this.#passed = passed
    this.#held = new Map()
    for (const [id, { node, instance = '' }] of fresh) {
      if (pass) this.#allowed.add(id)
      else this.#held.set(id, { node, instance })
    }
  }

  /** Lets all deletions go that are held back now. Answers with how many those are. */
  approve(now: number): number {
    const count = this.#held.size
    for (const [id, { node, instance }] of this.#held) {
      this.#allowed.add(id)
      this.queue.add(node, [instance], { urgent: false, since: now })
    }
    this.#held.clear()
    return count
  }

  /** A change was written. */
  settled({ unit }: Change): void {
    this.notes.written(unit)
    // Most of the time there is nothing in either.
    if (this.#allowed.size > 0) this.#allowed.delete(unitId(unit))
    if (this.#causes.size > 0) this.#causes.delete(unitId(unit))
  }

  /** How many instances of ours are there. */
  present(): number {
    let count = 0
    for (const { services } of this.actual.nodes.values()) {
      for (const { record } of services.values()) if (record.meta[ownerKey] === this.#options.owner) count += 1
    }
    return count
  }

  /** A cause of something that never stood in this datacenter is never settled, so the oldest ones go at some time. */
  #remember(id: string, cause: Cause): void {
    this.#causes.set(id, cause)
    if (this.#causes.size <= mostCauses) return
    for (const oldest of this.#causes.keys()) {
      this.#causes.delete(oldest)
      return
    }
  }

  #diff(node: string, only?: ReadonlySet<string>): readonly Change[] {
    return diffNode(node, this.desired.nodes.get(node), this.actual.nodes.get(node), this.#context, only)
  }

  #isInferred(change: Change): boolean {
    return change.kind === 'remove' && change.cause === undefined
  }

  #causeOf(unit: Unit, service: ServiceRecord): Cause | undefined {
    const { id } = service
    const known = this.#causes.get(unitId(unit))
    if (known) return known
    if (isCopy(service)) return this.desired.causeOfCopy(service)
    // It may have been deregistered while another plane led, or this one did not run.
    if (!this.#fleet.instances.has(id)) return this.#fleet.hasDeparted(id) ? 'deregistered' : undefined
    // The fleet knows it: it stands elsewhere, or the policy leaves it out.
    if (this.desired.mergedInto(id) !== undefined) return 'merged'
    return this.desired.placeOf(id) ? 'moved' : 'policy'
  }
}

function unitId({ node, instance }: Unit): string {
  return `${node}\n${instance ?? ''}`
}
