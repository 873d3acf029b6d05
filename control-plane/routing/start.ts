import { problemText } from '#shared/config/problem.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Sink } from '../fleet/sink.ts'
import type { RoutingConfig } from './config.ts'
import { type DeclarationState, watchDeclaration } from './declaration/watch.ts'
import { EnvoyGateways } from './envoy/gateways.ts'
import { explainRouting, type RoutingStage } from './explain.ts'
import { Publisher, type TableUpdate } from './publisher.ts'
import type { RouteTable } from './table.ts'

export type { RoutingStage, TableUpdate }

export type RoutingOptions = {
  readonly fleet: FleetView
  readonly log: Logger
  /** Ends the following of files and fleet; what is offered stays until the result is disposed. */
  readonly signal: AbortSignal
}

/** Routing at work. */
export type Routing = AsyncDisposable & {
  /** The port on which Envoys are answered. */
  readonly port: number
  /** One for each declared gateway whose Envoys ask the plane; a new declaration may bring others. */
  sinks(): readonly Sink[]
  /** What a gateway of any kind is given now; undefined: nothing is published yet. */
  tableFor(gateway: string): RouteTable | undefined
  /**
   * Calls `offer` with each table that is published, also with those that are there already, and `withdraw` with each gateway that is no
   * longer declared. Returns how to stop.
   */
  onTable(offer: (update: TableUpdate) => void, withdraw: (gateway: string) => void): () => void
  /** What is wrong with the declaration as it stands, one line each. */
  problems(): readonly string[]
  /** Which routes lead to an instance, and whether it is among their endpoints. */
  explain(instance: string): readonly RoutingStage[]
}

const completeWithinMs = 20

/**
 * Follows declaration and fleet, and gives Envoys and whoever listens the tables that result. The port opens at once; nothing is answered
 * before the fleet is complete and the declaration has been read. Rejects with PORT_TAKEN.
 */
export async function startRouting(config: RoutingConfig, { fleet, log, signal }: RoutingOptions): Promise<Routing> {
  await using stack = new AsyncDisposableStack()
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  let state: DeclarationState = { declaration: undefined, problems: [] }

  const publisher = stack.use(new Publisher({ fleet, log, gatherMs: config.gather }))
  const envoys = stack.use(await EnvoyGateways.open({ ...config.xds, fleet, log, publisher }))
  publisher.attach(envoys)
  stack.defer(fleet.watch((change) => publisher.follow(change)))
  const loops = [whenComplete(fleet, stopped, () => publisher.lookAgain()), compareAll(publisher, config, log, stopped)]
  if (config.declaration !== undefined) {
    const { declaration: path, compare_files_every: everyMs, keep } = config
    const { ended } = await watchDeclaration({ path, everyMs, keep, log, signal: stopped }, (next) => {
      if (next.declaration && next.declaration !== state.declaration) publisher.declare(next.declaration)
      state = next
    })
    loops.push(ended)
  }
  stack.defer(async () => {
    stop.abort()
    await Promise.all(loops)
  })

  const open = stack.move()
  return {
    port: envoys.port,
    sinks: () => envoys.sinks(),
    tableFor: (gateway) => publisher.published(gateway)?.table,
    onTable: (offer, withdraw) => publisher.attach({ offer, withdraw, stillLedTo: () => [] }),
    problems: () => state.problems.map(problemText),
    explain: (instance) => explainRouting(instance, fleet, publisher),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
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
