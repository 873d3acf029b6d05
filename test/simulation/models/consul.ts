import type { CheckRow, NodeRow, ServiceRow } from '#control-plane/consul/answers.ts'
import type { Operation } from '#control-plane/consul/operation.ts'
import { CatalogueModel } from '#test/support/mirror/catalogue-model.ts'
import { Keys } from '../keys.ts'
import type { Machine, Process, World } from '../time/world.ts'

/** What a Consul is asked over HTTP. */
export type ConsulRequest = {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Of a transaction. */
  readonly operations?: readonly Operation[]
  /** For people and invariants; a real one does not know it. */
  readonly from: Process
}
export type ConsulAnswer = { readonly status: number; readonly index: number; readonly body: unknown }

/** Who hears of what was written. */
export type ConsulWatcher = {
  readonly onWritten: (operations: readonly Operation[], from: Process, before: Before) => void
}
/** What stood there before a transaction. */
export type Before = { readonly fence: string | undefined; readonly rows: ReturnType<CatalogueModel['all']> }

type State = { readonly catalogue: CatalogueModel; readonly keys: Keys }

/** So long a server that starts again reads its log. */
const readsLogMs = 500

/** How it misbehaves. */
export type ConsulMood = 'well' | 'failing' | 'garbage' | 'slow'

/**
 * A Consul by its documentation: a transaction is done as a whole or not at all, `cas` and `check-index` compare, whoever deletes a node
 * deletes all that is on it, a blocking query answers when the index moves or its time is up, and the index goes back when the state
 * was lost. What is not asked consistently of one that starts again is answered out of its past.
 */
export class ConsulModel {
  readonly name: string
  readonly machine: Machine
  process: Process
  mood: ConsulMood = 'well'
  catalogue = new CatalogueModel()
  keys = new Keys()
  /** Catalogue writes so far, by anyone but people. */
  writes = 0
  readonly fenceKey: string
  readonly #watcher: ConsulWatcher
  readonly #blocked = new Set<() => void>()
  #readsLogUntil = 0

  constructor(
    name: string,
    { process, fenceKey, watcher }: { process: Process; fenceKey: string; watcher: ConsulWatcher },
  ) {
    this.name = name
    this.process = process
    this.machine = process.machine
    this.fenceKey = fenceKey
    this.#watcher = watcher
  }

  /** Somebody who is not ours changes the catalogue. */
  byHand(operations: readonly Operation[]): boolean {
    const done = this.catalogue.transact(operations).kind === 'done'
    this.#wake()
    return done
  }

  /** Its state is lost, as when a server is set up anew without a snapshot. */
  reset(): void {
    this.catalogue = new CatalogueModel()
    this.keys = new Keys(this.process.world.random.whole(200_000, 900_000))
    this.#wake()
  }

  /** In a new process, with its state. */
  startAgain(process: Process): void {
    this.process = process
    this.#readsLogUntil = process.world.now + readsLogMs
  }

  /** Serves a request in its process. */
  serve(request: ConsulRequest, answer: (answer: ConsulAnswer) => void): void {
    const { world } = this.process
    const busyMs = this.mood === 'slow' ? world.random.between(500, 4_000) : world.random.between(0.2, 2)
    const reply = (made: ConsulAnswer): void => void this.process.do(() => answer(made), busyMs)
    if (this.mood === 'failing') {
      reply({ status: 500, index: 0, body: 'No cluster leader' })
      return
    }
    if (this.mood === 'garbage') {
      reply({ status: 200, index: Number.NaN, body: '<html>hello</html>' })
      return
    }
    const logMs = this.#readsLogUntil - world.now
    if (logMs > 0) {
      if (request.operations || 'consistent' in request.query) {
        this.process.timer(logMs, () => this.serve(request, answer))
      } else reply(this.#read(request, { catalogue: new CatalogueModel(), keys: new Keys() }))
      return
    }
    if (request.operations) {
      reply(this.#transact(request.operations, request.from))
      return
    }
    const { index: asked = '0', wait = '0ms' } = request.query
    if (Number(asked) > 0 && Number(asked) === this.catalogue.index) {
      this.#block(request, wait, answer, world)
      return
    }
    reply(this.#read(request))
  }

  #block(request: ConsulRequest, wait: string, answer: (answer: ConsulAnswer) => void, world: World): void {
    const ms = Number.parseFloat(wait) * (1 + world.random.next() / 16)
    const done = () => {
      if (!this.#blocked.delete(done)) return
      timer.cancelled = true
      this.process.do(() => answer(this.#read(request)))
    }
    const timer = this.process.timer(ms, done)
    this.#blocked.add(done)
  }

  #wake(): void {
    for (const done of [...this.#blocked]) done()
  }

  #transact(operations: readonly Operation[], from: Process): ConsulAnswer {
    const index = this.catalogue.index
    const keyed = operations.flatMap((operation, place) => ('KV' in operation ? [{ operation, place }] : []))
    const others = operations.length - keyed.length
    const before: Before = { fence: this.keys.read(this.fenceKey)?.value, rows: this.catalogue.all() }
    const keys = this.keys.transact(keyed.map(({ operation }) => operation))
    if (keys.kind !== 'done') {
      const errors = keys.kind === 'refused' ? keys.errors : []
      return this.#refused(
        errors.map((error) => ({ OpIndex: keyed[error.index]?.place ?? 0, What: error.what })),
        index,
      )
    }
    let changed: readonly number[] = []
    if (others > 0) {
      if (keyed.some(({ operation }) => !operation.KV.Verb.startsWith('check-'))) throw new Error('keys beside records')
      const outcome = this.catalogue.transact(operations)
      if (outcome.kind !== 'done') {
        const errors = outcome.kind === 'refused' ? outcome.errors : []
        return this.#refused(
          errors.map((error) => ({ OpIndex: error.index, What: error.what })),
          index,
        )
      }
      // Those of keys are in their places, too.
      changed = outcome.indexes.slice(keyed.length)
      this.writes += 1
    }
    this.#watcher.onWritten(operations, from, before)
    if (others > 0) this.#wake()
    const results = [...keys.indexes, ...changed].map((ModifyIndex) => ({ Any: { ModifyIndex } }))
    return { status: 200, index: this.catalogue.index, body: { Results: results, Errors: null } }
  }

  #refused(errors: readonly { readonly OpIndex: number; readonly What: string }[], index: number): ConsulAnswer {
    return { status: 409, index, body: { Results: null, Errors: errors } }
  }

  #read({ path, query }: ConsulRequest, { catalogue, keys }: State = this): ConsulAnswer {
    const answer = (body: unknown): ConsulAnswer => ({ status: 200, index: catalogue.index, body })
    const [area = '', kind = '', ...rest] = path.split('/')
    const name = decodeURIComponent(rest.join('/'))
    const rows = [...catalogue.all()]
    const nodes = new Map(rows.flatMap(([key, row]) => (key.startsWith('node ') ? [[low(row), row as NodeRow]] : [])))
    const of = <T>(what: string) => rows.flatMap(([key, row]) => (key.startsWith(`${what} `) ? [row as T] : []))
    const fits = (node: string) => fitsMeta(nodes.get(node.toLowerCase()), query)
    switch (`${area}/${kind}`) {
      case 'catalog/datacenters':
        return answer([this.name])
      case 'kv/get': {
        const row = keys.read(name)
        return answer(row && { Key: row.key, Value: row.value, ModifyIndex: row.index })
      }
      case 'catalog/services': {
        const services = of<ServiceRow>('service').filter(({ node }) => fits(node))
        return answer(Object.fromEntries(services.map(({ service, tags }) => [service, tags])))
      }
      case 'catalog/node': {
        const node = nodes.get(name.toLowerCase())
        if (!node) return answer(null)
        const services = of<ServiceRow>('service').filter((row) => row.node.toLowerCase() === name.toLowerCase())
        return answer({
          Node: nodeJson(node),
          Services: Object.fromEntries(services.map((row) => [row.id, nodeServiceJson(row)])),
        })
      }
      case 'health/node':
        return answer(
          of<CheckRow>('check')
            .filter((row) => row.node.toLowerCase() === name.toLowerCase())
            .map(checkJson),
        )
      case 'catalog/nodes':
        return answer([...nodes.values()].filter((node) => fits(node.name)).map(nodeJson))
      case 'health/state':
        return answer(
          of<CheckRow>('check')
            .filter(({ node }) => fits(node))
            .map(checkJson),
        )
      case 'catalog/service':
        return answer(
          of<ServiceRow>('service')
            .filter(({ service, node }) => service === name && fits(node))
            .map((row) => listedServiceJson(row, nodes.get(row.node.toLowerCase()))),
        )
      default:
        throw new Error(`this Consul does not know ${path}`)
    }
  }
}

function low(row: NodeRow | ServiceRow | CheckRow): string {
  return 'name' in row ? row.name.toLowerCase() : ''
}

function fitsMeta(node: NodeRow | undefined, query: Readonly<Record<string, string>>): boolean {
  const meta = query['node-meta']
  if (meta !== undefined) {
    const [key = '', value = ''] = meta.split(':')
    return node?.meta[key] === value
  }
  const [, key = '', value = ''] = /^NodeMeta\["(.*)"\] != "(.*)"$/.exec(query.filter ?? '') ?? []
  return key === '' || node?.meta[key] !== value
}

function nodeJson({ name, address, meta, index }: NodeRow) {
  return { Node: name, Address: address, Meta: meta, ModifyIndex: index }
}

function nodeServiceJson({ id, service, address, port, tags, meta, weight, index }: ServiceRow) {
  return {
    ID: id,
    Service: service,
    Address: address,
    Port: port,
    Tags: tags,
    Meta: meta,
    Weights: { Passing: weight, Warning: 1 },
    ModifyIndex: index,
  }
}

function listedServiceJson(row: ServiceRow, node: NodeRow | undefined) {
  return {
    Node: row.node,
    Address: node?.address ?? '',
    NodeMeta: node?.meta ?? {},
    ServiceID: row.id,
    ServiceName: row.service,
    ServiceAddress: row.address,
    ServicePort: row.port,
    ServiceTags: row.tags,
    ServiceMeta: row.meta,
    ServiceWeights: { Passing: row.weight, Warning: 1 },
    ModifyIndex: row.index,
  }
}

function checkJson(row: CheckRow) {
  return {
    Node: row.node,
    CheckID: row.id,
    Name: row.name,
    Status: row.status,
    Notes: row.notes,
    Output: row.output,
    ServiceID: row.serviceId,
    ServiceName: row.serviceName,
    ServiceTags: row.serviceTags,
    ModifyIndex: row.index,
  }
}
