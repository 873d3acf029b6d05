import { problemText } from '#shared/config/problem.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { fault, type Logger, warn } from '#shared/logging/logger.ts'
import type { NamedRouteView, RouteExplainRequest, RouteExplainView } from '#shared/protocol/route-explain.ts'
import type { Counters } from '#shared/protocol/traffic.ts'
import type { Bound } from '../fleet/bound.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Sink } from '../fleet/sink.ts'
import type { RoutingConfig } from './config.ts'
import { type DeclarationState, watchDeclaration } from './declaration/watch.ts'
import { EnvoyGateways } from './envoy/gateways.ts'
import type { XdsSecurity } from './envoy/guest.ts'
import type { LookAtEnvoys } from './envoy/inspect-runs.ts'
import { explainRouting, type RoutingStage } from './explain.ts'
import { explainOnGateways } from './explain-on-gateways.ts'
import { explainRoute } from './explain-route.ts'
import { Publisher, type TableUpdate } from './publisher.ts'
import { Splits } from './splits/keep-splits.ts'
import type { SplitStore } from './splits/store.ts'
import type { Federation } from './table/federated.ts'
import type { RouteTable } from './table.ts'
import { CounterBook } from './traffic/counter-book.ts'
import { counterNames } from './traffic/counter-names.ts'
import { type Measured, serviceSamples } from './traffic/service-samples.ts'
import { Traffic } from './traffic/traffic.ts'
import { Versions } from './versions/keep-versions.ts'
import type { GatewaySeen } from './versions/rollout.ts'
import type { VersionStore } from './versions/store.ts'

export type { RoutingStage, TableUpdate }

export type RoutingOptions = {
  readonly fleet: FleetView
  readonly log: Logger
  /** Where the versions of the declaration and the splits of services are kept over restarts. */
  readonly store: VersionStore & SplitStore
  /** Whether this plane leads those that share the store. Left out: nobody shares it. */
  readonly leads?: () => boolean
  /** By what Envoys are known; left out: they are asked for nothing. */
  readonly security?: XdsSecurity | undefined
  /** Ends the following of files and fleet; what is offered stays until the result is disposed. */
  readonly signal: AbortSignal
}

/** Routing at work. */
export type Routing = AsyncDisposable & {
  /** The port on which Envoys are answered. */
  readonly port: number
  /** What Envoys may take of it, and what was cut off there since the start, by why. */
  bounds(): readonly Bound[]
  cuts(): Readonly<Record<string, number>>
  /** One for each declared gateway whose Envoys ask the plane; a new declaration may bring others. */
  sinks(): readonly Sink[]
  /** What a gateway of any kind is given now; undefined: nothing is published yet. */
  tableFor(gateway: string): RouteTable | undefined
  /** What each gateway is to have by its version of the declaration, by name. */
  frames(): Publisher['frames']
  readonly versions: Versions
  /** How far the splits of services are. */
  readonly splits: Splits
  /** What a gateway's sink says of the versions; undefined: it has none. */
  seen(gateway: string): GatewaySeen | undefined
  /** Where counts of requests are to be handed in. */
  readonly traffic: Traffic
  /** Takes what an Envoy has counted since it was started, as an agent beside it says it. */
  takeCounters(node: string, counters: Counters): void
  /** Has agents be asked by this what the Envoys beside them run; until then nobody is. */
  askAgents(look: LookAtEnvoys): void
  /** Takes what was measured of instances. */
  hear(measured: readonly Measured[]): void
  /**
   * Calls `offer` with each table that is published, also with those that are there already, and `withdraw` with each gateway that is no
   * longer declared. Returns how to stop.
   * @param sinks the gateways that are looked after there
   */
  onTable(
    offer: (update: TableUpdate) => void,
    withdraw: (gateway: string) => void,
    sinks?: () => readonly Sink[],
  ): () => void
  /** Has names that stand for clusters follow this; to be called again whenever another cluster may answer. */
  federate(federation: Federation): void
  /** What is wrong with the declaration as it stands, one line each. */
  problems(): readonly string[]
  /** Which routes lead to an instance, and whether it is among their endpoints. */
  explain(instance: string): readonly RoutingStage[]
  /** What gateways make of a request; undefined: its URL is none. */
  explainRequest(request: RouteExplainRequest): RouteExplainView | undefined
  /** A route as each gateway has it that has one of this name; where none has, the names that come nearest. */
  explainRoute(name: string): NamedRouteView
}

const completeWithinMs = 20

/**
 * Follows declaration and fleet, and gives Envoys and whoever listens the tables that result. The port opens at once; nothing is answered
 * before the fleet is complete and the declaration has been read. Rejects with PORT_TAKEN.
 */
export async function startRouting(
  config: RoutingConfig,
  { fleet, log, store, signal, security, leads = undefined }: RoutingOptions,
): Promise<Routing> {
  await using stack = new AsyncDisposableStack()
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  let state: DeclarationState = { declaration: undefined, files: [], problems: [] }
  const others = new Set<() => readonly Sink[]>()

  const publisher = stack.use(new Publisher({ fleet, log, gatherMs: config.gather }))
  let look: LookAtEnvoys = async () => []
  const asked: LookAtEnvoys = (...about) => look(...about)
  const envoys = stack.use(await EnvoyGateways.open({ ...config.xds, fleet, log, publisher, look: asked, security }))
  publisher.attach(envoys)
  stack.defer(fleet.watch((change) => publisher.follow(change)))
  const loops = [whenComplete(fleet, stopped, () => publisher.lookAgain()), compareAll(publisher, config, log, stopped)]
  const pace = { everyMs: config.compare_every, afterFailureMs: () => config.compare_every }
  loops.push(repeat(() => envoys.setRight(), pace, warn(log, 'comparison with what Envoys run'), stopped))
  const traffic = new Traffic()
  const book = new CounterBook()
  const sinks = () => [...envoys.sinks(), ...[...others].flatMap((each) => each())]
  const seen = (gateway: string) => {
    const status = sinks().map((sink) => sink.status())
    const of = status.find(({ name, kind }) => name === `${kind}:${gateway}`)
    return of?.declared && { ...of.declared, remarks: of.remarks }
  }
  // Before anything is declared: where users are is not to change by a restart.
  const common = { store, publisher, fleet, traffic, log, now: Date.now, ...(leads ? { leads } : {}) }
  const splits = await Splits.open(common)
  const versions = await Versions.open({ ...common, seen })
  let taking: Promise<void> = Promise.resolve()
  const take = async ({ files, declaration }: DeclarationState) => {
    await taking
    if (declaration)
      await versions.takeFolder(files, declaration).catch(fault(log, 'the declaration could not be taken'))
  }
  if (config.declaration !== undefined) {
    const { declaration: path, compare_files_every: everyMs } = config
    const keep = versions.current ? undefined : config.keep
    const { ended } = await watchDeclaration({ path, everyMs, keep, log, signal: stopped }, (next) => {
      if (next.declaration !== state.declaration) taking = take(next)
      state = next
    })
    await taking
    loops.push(ended)
  }
  loops.push(versions.run(stopped), splits.run(stopped))
  stack.defer(async () => {
    stop.abort()
    await Promise.all(loops)
  })

  const open = stack.move()
  return {
    port: envoys.port,
    bounds: () => envoys.bounds(),
    cuts: () => ({ ...envoys.cuts(), counted_requests: traffic.leftOut }),
    sinks: () => envoys.sinks(),
    tableFor: (gateway) => publisher.published(gateway)?.table,
    frames: () => publisher.frames,
    versions,
    splits,
    seen,
    traffic,
    takeCounters(node, counters) {
      const { gateway } = counters
      const names = counterNames(gateway, publisher.frames.get(gateway))
      const come = book.take(node, counters, names, performance.now())
      if (come) traffic.count(gateway, come.routes, Date.now(), come.services)
    },
    askAgents(ask) {
      look = ask
    },
    hear: (measured) => {
      for (const sample of serviceSamples(measured, fleet)) traffic.sample(sample)
    },
    onTable: (offer, withdraw, sinks = () => []) => {
      others.add(sinks)
      const stop = publisher.attach({ offer, withdraw, stillLedTo: () => [] })
      return () => {
        others.delete(sinks)
        stop()
      }
    },
    federate: (federation) => publisher.federate(federation),
    problems: () => [...[...state.problems, ...versions.problems].map(problemText), ...drift(versions, config)],
    explain: (instance) => explainRouting(instance, fleet, publisher),
    explainRequest: (request) => explainOnGateways(request, publisher, fleet),
    explainRoute: (name) => explainRoute(name, { publisher, fleet, seen }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

function drift({ drifted, current }: Versions, { declaration }: RoutingConfig): readonly string[] {
  if (!drifted || !current) return []
  const { number, author } = current
  const then = 'it is taken when it changes next, or by `heddle apply`'
  return [`the folder ${declaration} holds something else than version ${number} of ${author}: ${then}`]
}

/** Completeness is no change of the fleet, so nobody is told of it. */
async function whenComplete(fleet: FleetView, stop: AbortSignal, then: () => void): Promise<void> {
  while (!fleet.complete && !stop.aborted) await pause(completeWithinMs, stop)
  if (!stop.aborted) then()
}

async function compareAll(
  publisher: Publisher,
  { compare_every: everyMs }: RoutingConfig,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  const pace = { everyMs, afterFailureMs: () => everyMs }
  await repeat(() => publisher.compare(stop), pace, warn(log, 'comparison of routes with the fleet'), stop)
}
