import type { NodeContent } from '../consul/answers.ts'
import type { Operation, OperationResult } from '../consul/operation.ts'
import type { ActualNode, CheckRow, NodeRow, ServiceRow } from './catalogue.ts'
import { keyOf } from './names.ts'

type MutableNode = {
  name: string
  node: NodeRow | undefined
  readonly services: Map<string, ServiceRow>
  readonly checks: Map<string, CheckRow>
}

/** What a catalogue holds of ours, as last read and as written since; by the key of the node's name. */
export class Actual {
  #nodes = new Map<string, MutableNode>()

  get nodes(): ReadonlyMap<string, ActualNode> {
    return this.#nodes
  }

  addNode(node: NodeRow): void {
    this.#at(node.name).node = node
  }

  addService(service: ServiceRow): void {
    this.#at(service.node).services.set(keyOf(service.id), service)
  }

  addCheck(check: CheckRow): void {
    this.#at(check.node).checks.set(keyOf(check.id), check)
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
   * Takes in what a transaction has written.
   * @returns false if the results do not fit the operations, so that the nodes must be read again
   */
  note(operations: readonly Operation[], results: readonly OperationResult[]): boolean {
    let place = 0
    for (const operation of operations) {
      if ('KV' in operation) {
        place += 1
        continue
      }
      if (deletes(operation)) {
        this.#delete(operation)
        continue
      }
      const result = results[place]
      place += 1
      if (!result || !this.#write(operation, result)) return false
    }
    return place === results.length
  }

  #write(operation: Operation, { kind, index }: OperationResult): boolean {
    if ('Node' in operation && kind === 'node') {
      const { Node: name, Address: address = '', Meta: meta = {} } = operation.Node.Node
      this.addNode({ name, address, meta, index })
      return true
    }
    if ('Service' in operation && kind === 'service') {
      const { Node: node, Service: body } = operation.Service
      this.addService({
        node,
        id: body.ID,
        service: body.Service,
        address: body.Address ?? '',
        port: body.Port ?? 0,
        tags: body.Tags ?? [],
        meta: body.Meta ?? {},
        weight: body.Weights?.Passing ?? 1,
        index,
      })
      return true
    }
    if ('Check' in operation && kind === 'check') {
      const { Check: body } = operation.Check
      this.addCheck({
        node: body.Node,
        id: body.CheckID,
        name: body.Name ?? '',
        status: body.Status ?? 'critical',
        notes: body.Notes ?? '',
        output: body.Output ?? '',
        serviceId: body.ServiceID,
        serviceName: body.ServiceName,
        // Consul copies them from the service.
        serviceTags: this.#at(body.Node).services.get(keyOf(body.ServiceID))?.tags ?? [],
        index,
      })
      return true
    }
    return false
  }

  #delete(operation: Operation): void {
    if ('Node' in operation) this.#nodes.delete(keyOf(operation.Node.Node.Node))
    if (!('Service' in operation)) return
    const node = this.#nodes.get(keyOf(operation.Service.Node))
    const { ID } = operation.Service.Service
    node?.services.delete(keyOf(ID))
    for (const [key, { serviceId }] of node?.checks ?? []) if (keyOf(serviceId) === keyOf(ID)) node?.checks.delete(key)
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

function deletes(operation: Operation): boolean {
  if ('Node' in operation) return operation.Node.Verb === 'delete-cas'
  if ('Service' in operation) return operation.Service.Verb === 'delete-cas'
  return 'Check' in operation && operation.Check.Verb === 'delete-cas'
}
