import type { FileProxy, GatewayFiles, GatewayOutcome, Quarantined } from '#shared/protocol/gateway.ts'
import type { NodeBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Inspection, Sink, SinkAnswer, SinkMode, SinkStatus } from '../../fleet/sink.ts'
import type { RouteTable } from '../table.ts'
import { type InspectGateway, inspectFiles } from './inspect.ts'
import { takesAway } from './removals.ts'

/** Makes the files of a table. `before`: the table of the set that was sent last, to tell whether this one takes an endpoint away. */
export type Render = (table: RouteTable, revision: number, before: RouteTable | undefined) => GatewayFiles

export type FileSinkParts = {
  readonly gateway: string
  readonly proxy: FileProxy
  readonly render: Render
  readonly mode: SinkMode
  readonly fleet: FleetView
  /** Hands the set to the agents that run this gateway. */
  readonly send: (files: GatewayFiles) => void
  /** Has the agent of a node look at what its proxy serves; undefined: it does not answer. */
  readonly inspect: InspectGateway
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** `node`: its name. */
type Answered = { readonly id: string; readonly node: string; readonly outcome: GatewayOutcome | undefined }

/** `revision`: the newest one of the fleet that the table shows. */
type Published = {
  readonly table: RouteTable
  readonly files: GatewayFiles
  readonly revision: number
  /** The number of the declaration's version. */
  readonly declared: number
}

const title = { nginx: 'Nginx', envoy: 'Envoy' } as const

/** Sets that are not proven yet are remembered, so that a late proof finds its table; more than this never matter. */
const mostRemembered = 16

/** The proxies of one gateway that get files, as a sink: gives their agents the newest set and keeps what they have proven. */
export class FileSink implements Sink, Disposable {
  readonly #parts: FileSinkParts
  readonly #remembered = new Map<string, Published>()
  readonly #outcomes = new Map<string, GatewayOutcome>()
  readonly #unwatch: () => void
  /** The nodes in contact that run this gateway; undefined: to be looked up again. */
  #nodes: readonly NodeBelief[] | undefined
  #wanted: Published | undefined
  #proven: Published | undefined
  #provenAt: { readonly revision: number; readonly at: number } | undefined
  /** Since when (epoch milliseconds) the newest set waits for its proof. */
  #unprovenSince: number | undefined
  #sets = 0
  #reloads = 0

  constructor(parts: FileSinkParts) {
    this.#parts = parts
    this.#unwatch = parts.fleet.watch(({ nodes }) => {
      if (nodes.size === 0) return
      this.#nodes = undefined
      this.#prove()
    })
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  get mode(): SinkMode {
    return this.#parts.mode
  }

  get proxy(): FileProxy {
    return this.#parts.proxy
  }

  get #name(): string {
    return `${this.#parts.proxy}:${this.#parts.gateway}`
  }

  /**
   * Publishes a table that shows the fleet's `revision`. Equal bytes are not sent again.
   * @param declared the number of the declaration's version
   */
  take(table: RouteTable, revision: number, declared = 0): void {
    if (this.#parts.fleet.installation.frozen) return
    if (this.#wanted && table === this.#wanted.table) this.#wanted = { ...this.#wanted, revision, declared }
    else this.#publish(table, revision, declared)
    this.#prove()
  }

  #publish(table: RouteTable, revision: number, declared: number): void {
    const { mode, send, render, now } = this.#parts
    // Urgent until it is proven: a set that follows a removal too closely must not put it back into the queue.
    const rendered = render(table, revision, this.#proven?.table ?? this.#wanted?.table)
    // What was sent last may be served already, by some of the nodes or by all, though not all have proven it.
    const urgent = rendered.urgent || (this.#wanted !== undefined && takesAway(this.#wanted.table, table))
    const { access } = table.logs
    const files = { ...rendered, urgent, ...(access !== undefined && { accessLog: access }) }
    const same = files.version === this.#wanted?.files.version
    this.#wanted = { table, files, revision, declared }
    if (!same) {
      this.#remember(this.#wanted)
      this.#sets += 1
      if (mode === 'apply') {
        this.#unprovenSince ??= now()
        send(files)
      }
    }
  }

  /** What an agent says of a set. */
  outcome(node: string, outcome: GatewayOutcome): void {
    this.#outcomes.set(node, outcome)
    if (outcome.state === 'proven' && outcome.reloaded) this.#reloads += 1
    this.#prove()
  }

  status(): SinkStatus {
    const { proxy, mode, fleet } = this.#parts
    const current = this.#currentOutcomes()
    const stuck = current.some(({ outcome }) => outcome?.state === 'blocked' || outcome?.state === 'rejected')
    const behind = this.#provenAt === undefined || this.#provenAt.revision < fleet.revision
    return {
      name: this.#name,
      kind: proxy,
      mode,
      proven: this.#provenAt,
      state: fleet.installation.frozen ? 'frozen' : stuck ? 'blocked' : behind ? 'behind' : 'following',
      remarks: this.#remarks(current),
      figures: { sets: this.#sets, reloads: this.#reloads, nodes: current.length, lag_ms: this.#lagMs() },
      declared: {
        given: this.#wanted?.declared,
        proven: this.#proven && this.#isNewest(this.#proven) ? this.#wanted?.declared : this.#proven?.declared,
        rejected: current.flatMap((answered) => this.#rejectedBy(answered)),
      },
    }
  }

  explain(instance: string): SinkAnswer {
    const sink = this.#name
    if (!this.#proven) return { sink, state: 'unknown', remark: 'Nothing is proven yet.' }
    const { table, files } = this.#proven
    const service = table.services.find(({ endpoints }) => endpoints.some((each) => each.instance === instance))
    const set = `the proven set ${files.version}`
    return service
      ? { sink, state: 'shown', remark: `An endpoint of ${service.name} in ${set}.` }
      : { sink, state: 'absent', remark: `Not in ${set}.` }
  }

  async inspect(): Promise<Inspection> {
    return inspectFiles(this.#currentOutcomes(), this.#wanted?.files.version, this.#parts)
  }

  repair(): void {
    for (const { id } of this.#currentOutcomes()) void this.#parts.inspect(id, true)
  }

  /** What is proven is what every node of this gateway that is in contact has proven. */
  #prove(): void {
    const wanted = this.#wanted
    const current = this.#currentOutcomes()
    if (!wanted || current.length === 0) return
    const versions = new Set(current.map(({ outcome }) => (outcome?.state === 'proven' ? outcome.version : undefined)))
    const [version] = versions
    const published = version === undefined ? undefined : this.#remembered.get(version)
    if (versions.size !== 1 || !published) return
    this.#proven = published
    if (version === wanted.files.version) this.#unprovenSince = undefined
    const revision = version === wanted.files.version ? wanted.revision : published.revision
    if (revision !== this.#provenAt?.revision) this.#provenAt = { revision, at: this.#parts.now() }
  }

  #currentOutcomes(): readonly Answered[] {
    const { gateway, fleet } = this.#parts
    this.#nodes ??= [...fleet.nodes.values()].filter(
      ({ spec, contact }) => contact === 'connected' && spec.gateways.some((each) => each.gateway === gateway),
    )
    return this.#nodes.map(({ spec }) => ({ id: spec.id, node: spec.name, outcome: this.#outcomes.get(spec.id) }))
  }

  #remarks(current: readonly Answered[]): readonly string[] {
    if (current.length === 0)
      return [`No agent that runs this gateway is connected; its ${title[this.#parts.proxy]} serves the last good set.`]
    return current.flatMap((answered) => this.#remarksOn(answered))
  }

  #isNewest({ files }: Published): boolean {
    return files.version === this.#wanted?.files.version
  }

  /** What a node did not take of the newest set. */
  #rejectedBy(answered: Answered): readonly string[] {
    const { outcome } = answered
    const refused = outcome?.state === 'rejected' || (outcome?.state === 'proven' && outcome.quarantined.length > 0)
    return refused && outcome.version === this.#wanted?.files.version ? this.#remarksOn(answered) : []
  }

  #remarksOn({ node, outcome }: Answered): readonly string[] {
    switch (outcome?.state) {
      case undefined:
        return [`${node} has not answered yet.`]
      case 'proven':
        return outcome.quarantined.map((left) => `${node} left ${this.#part(left)} out: ${left.error}`)
      case 'rejected': {
        const file = outcome.path === undefined ? '' : ` for ${this.#place(outcome.path)}`
        return [`${node} rejected ${outcome.version}${file}: ${outcome.error}`]
      }
      case 'blocked':
        return [`${node} cannot take any change: ${outcome.error}`]
      case 'waiting':
        return [`${node} waits ${Math.ceil(outcome.waitMs / 1000)} s for its reload budget.`]
    }
  }

  /** What was left out together with the place in the declaration that it comes from. */
  #part({ path, resource }: Quarantined): string {
    if (resource === undefined) return this.#place(path)
    const file = this.#wanted?.files.files.find((each) => each.path === path)
    const source = file?.sources?.[resource] ?? file?.source
    return `"${resource}" of ${path}${source === undefined ? '' : ` (${source})`}`
  }

  /** A generated file together with the place in the declaration that it comes from. */
  #place(path: string): string {
    const source = this.#wanted?.files.files.find((file) => file.path === path)?.source
    return source === undefined ? path : `${path} (${source})`
  }

  #lagMs(): number {
    return this.#unprovenSince === undefined ? 0 : Math.max(0, this.#parts.now() - this.#unprovenSince)
  }

  #remember(published: Published): void {
    this.#remembered.set(published.files.version, published)
    for (const version of this.#remembered.keys()) {
      if (this.#remembered.size <= mostRemembered) break
      if (version !== this.#proven?.files.version) this.#remembered.delete(version)
    }
  }
}
