import type { NodeBelief } from '../../../fleet/belief.ts'
import { isOverdue, type Sign } from './contact.ts'
import { type Machine, type Machines, machineOf, type NodeSign, nodeSign, type Watched } from './machine.ts'
import { SiteIndex, type Sites } from './sites.ts'

/** What became of a machine; `after` undefined: nothing is on it any more. */
type Judged = { readonly id: string; readonly before: Machine | undefined; readonly after: Machine | undefined }

/** Machines that are judged before a look may be interrupted. */
const piece = 64

type Known = { node: NodeBelief; sign: NodeSign; machine: string; site: string; look: number }

/**
 * The machines behind ten thousand nodes that are looked at several times a second: each is judged anew only where a node says something
 * else than at the look before.
 */
export class KeptMachines {
  readonly #beatMs: number
  readonly #nodes = new Map<string, Known>()
  readonly #nodesOf = new Map<string, Set<string>>()
  readonly #unwell = new Set<string>()
  readonly #machines = new Map<string, Machine>()
  readonly #sites = new SiteIndex()
  /** Machines that are to be judged anew: of this look, and of one before that did not come to its end. */
  readonly #touched = new Set<string>()
  #look = 0
  #well = 0

  /** @param beatMs the time between two beats, with some room */
  constructor(beatMs: number) {
    this.#beatMs = beatMs
  }

  get all(): Machines {
    return this.#machines
  }

  /** The nodes that did not say that all is well when they were looked at last. Whoever is in trouble is among them. */
  get unwell(): ReadonlySet<string> {
    return this.#unwell
  }

  get sites(): Sites {
    return this.#sites
  }

  /**
   * Whether a node says what it said at the look before: that it is connected and was heard of in time. It counts as looked at then. Of ten
   * thousand nodes nearly all are so nearly always: this is all that they cost.
   */
  isStillWell(node: NodeBelief, sign: Sign, now: number): boolean {
    const known = this.#nodes.get(node.spec.id)
    if (known?.node !== node || !isWell(known.sign) || isOverdue(sign, now, this.#beatMs)) return false
    known.look = this.#look
    this.#well += 1
    return true
  }

  /**
   * Takes in all nodes there are, but those of which `isStillWell` said so meanwhile. Yields where it may be interrupted; what it found shows
   * all at once, when it is done.
   * @param watched undefined in between: it may be interrupted there, too
   */
  *look(watched: Iterable<Watched | undefined>, now: number): Generator<void, void> {
    this.#look += 1
    this.#well = 0
    let count = 0
    for (const each of watched) {
      if (each) {
        count += 1
        this.#see(each, nodeSign(each, now, this.#beatMs))
      } else yield
    }
    if (this.#nodes.size > count + this.#well) this.#forgetUnseen()
    const judged: Judged[] = []
    for (const id of this.#touched) {
      judged.push(this.#judge(id, now))
      if (judged.length % piece === 0) yield
    }
    for (const each of judged) this.#take(each)
    this.#touched.clear()
  }

  #see({ node }: Watched, sign: NodeSign): void {
    const { id, machine, site } = node.spec
    if (isWell(sign)) this.#unwell.delete(id)
    else this.#unwell.add(id)
    const known = this.#nodes.get(id)
    if (known) {
      known.look = this.#look
      known.node = node
      if (known.machine === machine && known.site === site && sameSign(known.sign, sign)) return
      this.#leave(id, known.machine)
    }
    this.#nodes.set(id, { node, sign, machine, site, look: this.#look })
    this.#nodesOf.getOrInsertComputed(machine, () => new Set()).add(id)
    this.#touched.add(machine)
  }

  #forgetUnseen(): void {
    for (const [id, { machine, look }] of this.#nodes) {
      if (look === this.#look) continue
      this.#nodes.delete(id)
      this.#unwell.delete(id)
      this.#leave(id, machine)
    }
  }

  #leave(id: string, machine: string): void {
    this.#nodesOf.get(machine)?.delete(id)
    this.#touched.add(machine)
  }

  #judge(id: string, now: number): Judged {
    const before = this.#machines.get(id)
    const nodes = [...(this.#nodesOf.get(id) ?? [])].flatMap((node) => this.#nodes.get(node) ?? [])
    const [first] = nodes
    if (!first) return { id, before, after: undefined }
    const signs = nodes.map(({ sign }) => sign)
    return { id, before, after: machineOf({ id, site: first.site }, signs, before, now) }
  }

  #take({ id, before, after }: Judged): void {
    if (after) this.#machines.set(id, after)
    else {
      this.#nodesOf.delete(id)
      this.#machines.delete(id)
    }
    this.#sites.put(before, after)
  }
}

function isWell({ inContact, wasInContact, left, unheard, dead }: NodeSign): boolean {
  return inContact && wasInContact && !left && !unheard && !dead
}

function sameSign(a: NodeSign, b: NodeSign): boolean {
  return (
    a.inContact === b.inContact &&
    a.wasInContact === b.wasInContact &&
    a.left === b.left &&
    a.unheard === b.unheard &&
    a.dead === b.dead
  )
}
