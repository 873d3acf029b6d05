import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '#shared/logging/logger.ts'
import type { Bound } from '../../fleet/bound.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Sink } from '../../fleet/sink.ts'
import type { Outlet, Publisher, TableUpdate } from '../publisher.ts'
import { Channel } from './channel.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { ResourceDigests } from './digest-resource.ts'
import type { XdsSecurity } from './guest.ts'
import { inspectRuns, type LookAtEnvoys } from './inspect-runs.ts'
import { serveXds, type XdsServer } from './serve.ts'
import { EnvoySink } from './sink.ts'
import { type Snapshot, SnapshotBuilder } from './snapshot.ts'
import { SnapshotHistory } from './snapshot-history.ts'

export type EnvoyGatewaysOptions = {
  readonly address: string
  readonly port: number
  readonly fleet: FleetView
  readonly log: Logger
  /** Asks the agents beside a gateway's Envoys what those run. */
  readonly look: LookAtEnvoys
  readonly publisher: Pick<Publisher, 'frames' | 'published' | 'leftOut' | 'lookAgain'>
  /** Left out: without TLS. */
  readonly security?: XdsSecurity | undefined
}

type Built = Pick<TableUpdate, 'table' | 'besides'> & { readonly snapshot: Snapshot }

/** A certificate whose files were missing is tried again after so long. */
const certificatesEveryMs = 3_000

/** All gateways whose proxies are Envoys that ask the plane: what each is offered, and the port at which it is. */
export class EnvoyGateways implements Outlet, AsyncDisposable {
  readonly #options: EnvoyGatewaysOptions
  readonly #builder: SnapshotBuilder
  readonly #digests: ResourceDigests
  readonly #channels = new Map<string, Channel>()
  readonly #sinks = new Map<string, EnvoySink>()
  readonly #built = new Map<string, Built>()
  /** What was published, by hash. */
  readonly history = new SnapshotHistory()
  #server: XdsServer | undefined
  #retrying: NodeJS.Timeout | undefined

  static async open(options: EnvoyGatewaysOptions): Promise<EnvoyGateways> {
    const definitions = loadEnvoyDefinitions()
    const gateways = new EnvoyGateways(options, new SnapshotBuilder(definitions), new ResourceDigests(definitions))
    const { address, port, log, security } = options
    const channelOf = (gateway: string) => gateways.#connected(gateway)
    gateways.#retrying = setInterval(() => {
      for (const channel of gateways.#channels.values()) channel.retryCertificates()
    }, certificatesEveryMs).unref()
    gateways.#server = await serveXds({ address, port, channelOf, log, security })
    return gateways
  }

  constructor(options: EnvoyGatewaysOptions, builder: SnapshotBuilder, digests: ResourceDigests) {
    this.#options = options
    this.#builder = builder
    this.#digests = digests
  }

  get port(): number {
    return this.#server?.port ?? 0
  }

  /** Of the port, with what was refused there. */
  bounds(): readonly Bound[] {
    const figures = this.#server?.figures()
    if (!figures) return []
    const { connections, mostConnections, refused, unfinishedBytes, mostUnfinishedBytes, crowded } = figures
    return [
      { name: 'xds_connections', now: connections, most: mostConnections, refused },
      { name: 'xds_unfinished_bytes', now: unfinishedBytes, most: mostUnfinishedBytes, refused: crowded },
      ...figures.handshakes,
    ]
  }

  /** What was cut off at the port since the start, by why. */
  cuts(): Readonly<Record<string, number>> {
    const { silent = 0, stalled = 0 } = this.#server?.figures() ?? {}
    return { xds_silent: silent, xds_unfinished: stalled, xds_names: this.#server?.excessive() ?? 0 }
  }

  sinks(): readonly Sink[] {
    return this.#declared().map((gateway) => this.#sink(gateway))
  }

  offer(update: TableUpdate): void {
    const { gateway, mode } = update.table
    if (!asksThePlane(update.table)) {
      this.withdraw(gateway)
      return
    }
    const snapshot = this.#snapshot(update)
    if (mode === 'observe') this.#channel(gateway).withdraw()
    else this.#channel(gateway).offer(snapshot, update.revision, update.declared)
  }

  withdraw(gateway: string): void {
    this.#builder.forget(gateway)
    this.#channels.get(gateway)?.withdraw()
    this.#sinks.delete(gateway)
    this.#built.delete(gateway)
  }

  /** Compares what all Envoys run with what they have confirmed, and sets right what may be. Never rejects. */
  async setRight(): Promise<void> {
    for (const gateway of this.#declared()) await this.#sink(gateway).setRight()
  }

  stillLedTo(gateway: string): readonly string[] {
    return this.#channels.get(gateway)?.parking.stillLedTo() ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#retrying)
    await this.#server?.[Symbol.asyncDispose]()
  }

  #declared(): readonly string[] {
    const frames = [...this.#options.publisher.frames.values()]
    return frames.filter(asksThePlane).map(({ gateway }) => gateway)
  }

  #snapshot({ table, besides, revision }: TableUpdate): Snapshot {
    const { gateway } = table
    const built = this.#built.get(gateway)
    if (built?.table === table && isDeepStrictEqual(built.besides, besides)) return built.snapshot
    const snapshot = this.#builder.build(table, besides)
    this.#built.set(gateway, { table, besides, snapshot })
    this.history.add(snapshot, revision)
    return snapshot
  }

  #channel(gateway: string): Channel {
    let channel = this.#channels.get(gateway)
    if (!channel) {
      const { log, publisher } = this.#options
      channel = new Channel({ gateway, log, onRejected: () => setImmediate(() => publisher.lookAgain()) })
      this.#channels.set(gateway, channel)
    }
    return channel
  }

  /** The channel that an Envoy asks for. */
  #connected(gateway: string): Channel {
    const declared = this.#declared()
    for (const [name, { streams }] of this.#channels) {
      if (streams.size === 0 && !declared.includes(name)) this.#channels.delete(name)
    }
    if (!declared.includes(gateway)) {
      const message = 'an Envoy names a gateway as its node.cluster that is not declared; it gets no answer'
      this.#options.log.warn({ gateway, declared }, message)
    }
    return this.#channel(gateway)
  }

  #sink(gateway: string): EnvoySink {
    let sink = this.#sinks.get(gateway)
    if (!sink) {
      const { fleet, publisher, look } = this.#options
      const channel = this.#channel(gateway)
      sink = new EnvoySink(channel, {
        runs: () => inspectRuns(channel, look, this.#digests),
        mode: () => publisher.frames.get(gateway)?.mode ?? 'apply',
        frozen: () => fleet.installation.frozen !== undefined,
        table: () => publisher.published(gateway)?.table,
        serviceOf: (instance) => fleet.instances.get(instance)?.spec.service,
        leftOut: (instance) => publisher.leftOut(instance),
      })
      this.#sinks.set(gateway, sink)
    }
    return sink
  }
}

function asksThePlane({ proxy, delivery }: Pick<TableUpdate['table'], 'proxy' | 'delivery'>): boolean {
  return proxy === 'envoy' && delivery === 'xds'
}
