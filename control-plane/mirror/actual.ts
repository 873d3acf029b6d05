import type { CheckRow, NodeContent, NodeRow, ServiceRow } from '../consul/answers.ts'
import type { ActualNode, AnyCheckRecord, Found, NodeRecord, ServiceRecord, Step } from './catalogue.ts'
import { keyOf } from './names.ts'

type MutableNode = {
  readonly name: string
  node: Found<NodeRecord> | undefined
  readonly services: Map<string, Found<ServiceRecord>>
  readonly checks: Map<string, Found<AnyCheckRecord>>
}

/** What a catalogue holds of ours, as last read and as written since; by the key of the node's name. */
export class Actual {
  #nodes = new Map<string, MutableNode>()

  get nodes(): ReadonlyMap<string, ActualNode> {
    return this.#nodes
  }

  addNode(row: NodeRow): void {
    this.#at(row.name).node = { record: row, index: row.index }
  }

  addService(row: ServiceRow): void {
    this.#at(row.node).services.set(keyOf(row.id), { record: row, index: row.index })
  }

  addCheck(row: CheckRow): void {
    this.#at(row.node).checks.set(keyOf(row.id), { record: row, index: row.index })
  }

  /** Replaces what is known of one node. */
  replace(key: string, content: NodeContent | undefined): void {
    this.#nodes.delete(key)
    if (!content) return
    this.addNode(content.node)
    for (const service of content.services) this.addService(service)
    for (const check of content.checks) this.addCheck(check)
  }

  /** Replaces everything by what was read, but for nodes that `keep` names: they are newer than what was read. */
  adopt(read: Actual, keep: Iterable<string>): void {
    for (const key of keep) {
      const known = this.#nodes.get(key)
      if (known) read.#nodes.set(key, known)
      else read.#nodes.delete(key)
    }
    this.#nodes = read.#nodes
  }

  /**
   * Takes in what a transaction has done.
   * @param indexes those of the records that it wrote, in the order of the steps
   * @returns false if there are not as many as there should be, so that the nodes must be read again
   */
  note(steps: readonly Step[], indexes: readonly number[]): boolean {
    let place = 0
    for (const step of steps) {
      if (step.verb === 'delete-cas') {
        this.#delete(step)
        continue
      }
      const index = indexes[place]
      place += 1
      if (index === undefined) return false
      this.#write(step, index)
    }
    return place === indexes.length
  }

  #write(step: Step, index: number): void {
    switch (step.what) {
      case 'node':
        this.#at(step.record.name).node = { record: step.record, index }
        return
      case 'service':
        this.#at(step.record.node).services.set(keyOf(step.record.id), { record: step.record, index })
        return
      case 'check':
        this.#at(step.record.node).checks.set(keyOf(step.record.id), { record: step.record, index })
        return
    }
  }

  #delete({ what, record }: Step): void {
    if (what === 'node') this.#nodes.delete(keyOf(record.name))
    if (what !== 'service') return
    const node = this.#nodes.get(keyOf(record.node))
    const id = keyOf(record.id)
    node?.services.delete(id)
    for (const [key, check] of node?.checks ?? []) if (keyOf(check.record.serviceId) === id) node?.checks.delete(key)
  }

  #at(name: string): MutableNode {
    const key = keyOf(name)
    const known = this.#nodes.get(key)
    if (known) return known
    const made: MutableNode = { name, node: undefined, services: new Map(), checks: new Map() }
    this.#nodes.set(key, made)
    return made
  }
}
