import type { CheckRow, NodeRow, ServiceRow } from '#control-plane/consul/answers.ts'
import type { Operation, OperationError, TransactionOutcome } from '#control-plane/consul/operation.ts'
import { Actual } from '#control-plane/mirror/actual.ts'

type Records = {
  readonly nodes: Map<string, NodeRow>
  readonly services: Map<string, ServiceRow>
  readonly checks: Map<string, CheckRow>
}

/** Consul's catalogue as far as transactions go: what its state store does, in memory. */
export class CatalogueModel {
  #records: Records = { nodes: new Map(), services: new Map(), checks: new Map() }
  #index = 10

  /** The index of the last write. */
  get index(): number {
    return this.#index
  }

  /** Every record of it, by kind and key. */
  all(): ReadonlyMap<string, NodeRow | ServiceRow | CheckRow> {
    const { nodes, services, checks } = this.#records
    return new Map<string, NodeRow | ServiceRow | CheckRow>([
      ...[...nodes].map(([key, row]) => [`node ${key}`, row] as const),
      ...[...services].map(([key, row]) => [`service ${key}`, row] as const),
      ...[...checks].map(([key, row]) => [`check ${key}`, row] as const),
    ])
  }

  /** What a reader who sees everything knows. */
  actual(): Actual {
    const actual = new Actual()
    for (const row of this.#records.nodes.values()) actual.addNode(row)
    for (const row of this.#records.services.values()) actual.addService(row)
    for (const row of this.#records.checks.values()) actual.addCheck(row)
    return actual
  }

  putNode(row: Omit<NodeRow, 'index'>): void {
    this.#records.nodes.set(low(row.name), { ...row, index: this.#next() })
  }

  putService(row: Omit<ServiceRow, 'index'>): void {
    this.#records.services.set(low(row.node, row.id), { ...row, index: this.#next() })
  }

  putCheck(row: Omit<CheckRow, 'index'>): void {
    this.#records.checks.set(low(row.node, row.id), { ...row, index: this.#next() })
  }

  /** All or nothing, like the real one. Operations on keys always succeed. */
  transact(operations: readonly Operation[]): TransactionOutcome {
    const { nodes, services, checks } = this.#records
    const before = { nodes: new Map(nodes), services: new Map(services), checks: new Map(checks) }
    const index = this.#index + 1
    const indexes: number[] = []
    const errors: OperationError[] = []
    for (const [place, operation] of operations.entries()) {
      const outcome = this.#apply(operation, index)
      if (typeof outcome === 'string') errors.push({ index: place, what: outcome, kind: kindOf(outcome) })
      else if (outcome !== undefined) indexes.push(outcome)
    }
    if (errors.length === 0) {
      this.#index = index
      return { kind: 'done', indexes }
    }
    this.#records = before
    return { kind: 'refused', errors }
  }

  #apply(operation: Operation, index: number): number | string | undefined {
    if ('KV' in operation) return index
    if ('Node' in operation) return this.#applyNode(operation.Node, index)
    if ('Service' in operation) return this.#applyService(operation.Service, index)
    return this.#applyCheck(operation.Check, index)
  }

  #applyNode(
    { Verb, Node: body }: Extract<Operation, { Node: unknown }>['Node'],
    index: number,
  ): number | string | undefined {
    const key = low(body.Node)
    const { nodes, services, checks } = this.#records
    if (!isCurrent(nodes.get(key)?.index, body.ModifyIndex, Verb)) return `node ${body.Node}: index is stale`
    if (Verb === 'cas') {
      nodes.set(key, { name: body.Node, address: body.Address ?? '', meta: body.Meta ?? {}, index })
      return index
    }
    nodes.delete(key)
    for (const rows of [services, checks]) {
      for (const [other, { node }] of rows) if (low(node) === key) rows.delete(other)
    }
    return undefined
  }

  #applyService(
    { Verb, Node: node, Service: body }: Extract<Operation, { Service: unknown }>['Service'],
    index: number,
  ): number | string | undefined {
    const key = low(node, body.ID)
    const { nodes, services, checks } = this.#records
    if (!isCurrent(services.get(key)?.index, body.ModifyIndex, Verb)) return `service ${body.ID}: index is stale`
    if (Verb === 'delete-cas') {
      services.delete(key)
      for (const [other, check] of checks) {
        if (low(check.node) === low(node) && low(check.serviceId) === low(body.ID)) checks.delete(other)
      }
      return undefined
    }
    if (!nodes.has(low(node))) return 'Missing node registration'
    const { ID: id, Service: service, Address: address = '', Port: port = 0, Tags: tags = [], Meta: meta = {} } = body
    services.set(key, { node, id, service, address, port, tags, meta, weight: body.Weights?.Passing ?? 1, index })
    return index
  }

  #applyCheck(
    { Verb, Check: body }: Extract<Operation, { Check: unknown }>['Check'],
    index: number,
  ): number | string | undefined {
    const key = low(body.Node, body.CheckID)
    const { nodes, services, checks } = this.#records
    if (!isCurrent(checks.get(key)?.index, body.ModifyIndex, Verb)) return `check ${body.CheckID}: index is stale`
    if (Verb === 'delete-cas') {
      checks.delete(key)
      return undefined
    }
    if (!nodes.has(low(body.Node))) return 'Missing node registration'
    const service = services.get(low(body.Node, body.ServiceID))
    if (body.ServiceID !== '' && !service) return 'Missing service registration'
    checks.set(key, {
      node: body.Node,
      id: body.CheckID,
      name: body.Name ?? '',
      status: body.Status ?? 'critical',
      notes: body.Notes ?? '',
      output: body.Output ?? '',
      serviceId: body.ServiceID,
      serviceName: service?.service ?? '',
      serviceTags: service?.tags ?? [],
      index,
    })
    return index
  }

  #next(): number {
    this.#index += 1
    return this.#index
  }
}

function isCurrent(present: number | undefined, wanted: number, verb: string): boolean {
  return verb === 'cas' && wanted === 0 ? present === undefined : present === wanted
}

function kindOf(what: string): OperationError['kind'] {
  return what.startsWith('Missing') ? 'missing' : 'stale'
}

function low(...ids: readonly string[]): string {
  return ids.map((id) => id.toLowerCase()).join('\n')
}
