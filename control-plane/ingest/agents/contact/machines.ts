import { type Machine, type Machines, machineOf, type NodeSign, nodeSign, type Watched } from './machine.ts'

type Known = { sign: NodeSign; machine: string; site: string; look: number }

/**
 * The machines behind ten thousand nodes that are looked at several times a second: each is judged anew only where a node says something
 * else than at the look before.
 */
export class KeptMachines {
  readonly #beatMs: number
  readonly #nodes = new Map<string, Known>()
  readonly #nodesOf = new Map<string, Set<string>>()
  readonly #machines = new Map<string, Machine>()
  #look = 0

  /** @param beatMs the time between two beats, with some room */
  constructor(beatMs: number) {
    this.#beatMs = beatMs
  }

  get all(): Machines {
    return this.#machines
  }

  /** Takes in all nodes there are. */
  look(watched: Iterable<Watched>, now: number): void {
    this.#look += 1
    const touched = new Set<string>()
    let count = 0
    for (const each of watched) {
      count += 1
      this.#see(each, nodeSign(each, now, this.#beatMs), touched)
    }
    if (this.#nodes.size > count) this.#forgetUnseen(touched)
    for (const id of touched) this.#judge(id, now)
  }

  #see({ node }: Watched, sign: NodeSign, touched: Set<string>): void {
    const { id, machine, site } = node.spec
    const known = this.#nodes.get(id)
    if (known) {
      known.look = this.#look
      if (known.machine === machine && known.site === site && sameSign(known.sign, sign)) return
      this.#leave(id, known.machine, touched)
    }
    this.#nodes.set(id, { sign, machine, site, look: this.#look })
    this.#nodesOf.getOrInsertComputed(machine, () => new Set()).add(id)
    touched.add(machine)
  }

  #forgetUnseen(touched: Set<string>): void {
    for (const [id, { machine, look }] of this.#nodes) {
      if (look === this.#look) continue
      this.#nodes.delete(id)
      this.#leave(id, machine, touched)
    }
  }

  #leave(id: string, machine: string, touched: Set<string>): void {
    this.#nodesOf.get(machine)?.delete(id)
    touched.add(machine)
  }

  #judge(id: string, now: number): void {
    const nodes = [...(this.#nodesOf.get(id) ?? [])].flatMap((node) => this.#nodes.get(node) ?? [])
    const [first] = nodes
    if (first) {
      const signs = nodes.map(({ sign }) => sign)
      this.#machines.set(id, machineOf({ id, site: first.site }, signs, this.#machines.get(id), now))
      return
    }
    this.#nodesOf.delete(id)
    this.#machines.delete(id)
  }
}

function sameSign(a: NodeSign, b: NodeSign): boolean {
  return (
    a.inContact === b.inContact && a.wasInContact === b.wasInContact && a.left === b.left && a.unheard === b.unheard
  )
}
