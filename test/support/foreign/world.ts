import type { KindedServiceRow } from '#control-plane/consul/answers.ts'
import { type ForeignRule, selectsForeign } from '#control-plane/consul/foreign-policy.ts'
import { foreignChanges, knownOf } from '#control-plane/foreign/changes.ts'
import { Verdicts } from '#control-plane/foreign/health.ts'
import { ForeignList, Wanted } from '#control-plane/foreign/list.ts'
import { batches } from '#control-plane/mirror/batches.ts'
import { Desired } from '#control-plane/mirror/desired.ts'
import { type DiffContext, diff } from '#control-plane/mirror/diff.ts'
import { Endpoints } from '#control-plane/mirror/endpoints.ts'
import { ownerKey } from '#control-plane/mirror/names.ts'
import { operationOf } from '#control-plane/mirror/operations.ts'
import { selects } from '#control-plane/mirror/select.ts'
import { FleetBuilder, instanceRegistered, judged } from '../fleet-builder.ts'
import type { CatalogueModel } from '../mirror/catalogue-model.ts'

export type Catalogues = ReadonlyMap<string, CatalogueModel>

/** `from` to `to`, what fits the rules. */
export type CopyRule = { readonly from: string; readonly to: string; readonly select: readonly ForeignRule[] }

export type AgentInstance = {
  readonly id: string
  readonly service: string
  readonly address: string
  readonly port: number
  readonly health: 'passing' | 'critical' | 'unknown'
}

/** One Heddle over models of Consul's catalogues: it reads what others registered, and mirrors and copies as a plane does. */
export class ModelHeddle {
  readonly owner: string
  readonly builder: FleetBuilder
  readonly #catalogues: Catalogues
  readonly #desired: ReadonlyMap<string, Desired>

  constructor(
    owner: string,
    catalogues: Catalogues,
    rules: readonly CopyRule[],
    instances: readonly AgentInstance[] = [],
  ) {
    this.owner = owner
    this.#catalogues = catalogues
    this.builder = new FleetBuilder()
    for (const { id, health, ...spec } of instances) {
      this.builder.change(...instanceRegistered(id, `n-${id}`, spec), judged(id, health))
    }
    this.#desired = new Map([...catalogues.keys()].map((name) => [name, this.#desiredOf(name, rules)]))
  }

  /** Reads everything and does what there is to do. Answers with how much that was. */
  step(): number {
    for (const [name, model] of this.#catalogues) this.#read(name, model)
    let count = 0
    for (const [name, model] of this.#catalogues) count += this.#write(name, model)
    return count
  }

  #read(name: string, model: CatalogueModel): void {
    const { fleet } = this.builder
    const known = knownOf(fleet.foreign, name)
    const wanted = new Wanted({ select: [{}], leave_out: ['consul'] })
    const list = new ForeignList(name, 1000, (id) => known.has(id))
    const verdicts = new Verdicts()
    for (const row of rowsOf(model)) if (wanted.row(row)) list.add(row)
    for (const node of model.actual().nodes.values())
      for (const { record } of node.checks.values()) verdicts.add(record)
    const changes = [...foreignChanges(known, list.specs, verdicts)]
    if (changes.length > 0) this.builder.change(...changes)
  }

  #write(name: string, model: CatalogueModel): number {
    const desired = this.#desired.get(name)
    if (!desired) return 0
    const others = new Endpoints()
    const theirs = rowsOf(model).filter(({ nodeMeta }) => nodeMeta[ownerKey] !== this.owner)
    for (const [service, rows] of Map.groupBy(theirs, (row) => row.service.toLowerCase())) others.replace(service, rows)
    const context: DiffContext = { owner: this.owner, others, causeOf: () => undefined, complete: true }
    const changes = [...diff(desired.nodes, model.actual().nodes, context)]
    const writes = changes.filter((change) => change.kind === 'put' || change.kind === 'remove')
    const nodes = [...Map.groupBy(writes, ({ unit }) => unit.node)].map(([node, all]) => ({ node, writes: all }))
    for (const { steps } of batches(nodes)) {
      const outcome = model.transact(steps.map(operationOf))
      if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
    }
    return writes.length
  }

  #desiredOf(name: string, rules: readonly CopyRule[]): Desired {
    const { fleet } = this.builder
    const into = rules.filter(({ from, to }) => to === name && from !== name)
    const sources = new Map(
      [...Map.groupBy(into, ({ from }) => from)].map(([from, those]) => {
        return [from, selectsForeign(those.flatMap(({ select }) => select))]
      }),
    )
    const desired = new Desired(fleet, {
      owner: this.owner,
      warningAs: 'passing',
      selects: selects([{}]),
      copies: { datacenter: name, sources },
    })
    desired.refresh({ instances: new Set(fleet.instances.keys()), nodes: new Set(fleet.nodes.keys()) })
    fleet.watch((change) => void desired.refresh(change))
    return desired
  }
}

/** Every service of a catalogue, as a list of it by name shows them. */
export function rowsOf(model: CatalogueModel): readonly KindedServiceRow[] {
  return [...model.actual().nodes.values()].flatMap(({ node, services }) =>
    [...services.values()].map(({ record, index }) => ({
      ...record,
      index,
      nodeAddress: node?.record.address ?? '',
      nodeMeta: node?.record.meta ?? {},
      kind: '',
    })),
  )
}
