#!/usr/bin/env node
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { listen } from '#shared/http/listen.ts'
import { runProgram } from '#shared/lifecycle/run-program.ts'
import { aborted, stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger, fault } from '#shared/logging/logger.ts'
import { machineId, planeVersion, usage } from './admin/about.ts'
import { createMetrics } from './admin/metrics.ts'
import { createApp } from './api/app.ts'
import { underwayView } from './api/routing-views.ts'
import { splitsUnderWay, splitView } from './api/split-views.ts'
import { sinkView } from './api/views.ts'
import { loadPlaneConfig } from './config.ts'
import { followConvergence } from './convergence/follow.ts'
import { followFederation } from './federation/follow.ts'
import { Fleet } from './fleet/fleet.ts'
import { serveDiscovery } from './foreign/discovery/serve.ts'
import { lintDatacenter } from './foreign/lint/lint-datacenter.ts'
import { startForeign } from './foreign/serve.ts'
import { watchContact } from './ingest/agents/contact/watch-contact.ts'
import { serveAgents } from './ingest/agents/serve-agents.ts'
import { confirmDeaths } from './ingest/agents/vantage/confirm.ts'
import { keepSightings, restoreSightings } from './ingest/agents/vantage/keep-sightings.ts'
import { Sightings } from './ingest/agents/vantage/sightings.ts'
import { surveyInstances } from './ingest/agents/vantage/survey.ts'
import { clusterApi } from './ingest/cluster-api/cluster-api.ts'
import { Heartbeats } from './ingest/cluster-api/heartbeats.ts'
import { watchServices } from './ingest/cluster-api/watch-services.ts'
import { Overload } from './ingest/overload.ts'
import { watchLoad } from './ingest/watch-load.ts'
import { BeatBuffer } from './journal/beat-buffer.ts'
import { importCommand } from './journal/import-command.ts'
import { type Journal, openJournal } from './journal/open-journal.ts'
import { openTables } from './journal/open-tables.ts'
import { reachStore } from './journal/reach-store.ts'
import { LeadershipKeeper } from './leadership/keep-leadership.ts'
import { startMirror } from './mirror/serve.ts'
import { sweepDatacenter } from './mirror/sweep-datacenter.ts'
import { Authorizers } from './routing/authorizer.ts'
import { FileGateways } from './routing/files/gateways.ts'
import { type Routing, startRouting } from './routing/start.ts'
import { planeJobs, startTimetable } from './timetable.ts'

/** How long an idle connection is kept for its next request. */
const keptMs = 75_000
/** How long an agent may take to look at a gateway. */
const inspectWithinMs = 6_000

/** Runs the plane until it is told to stop. Parts are made, joined and left to run; leaving closes them in reverse. */
async function run(file: string): Promise<void> {
  const lost = new AbortController()
  const stop = AbortSignal.any([stopSignal(), lost.signal])
  const config = await loadPlaneConfig(file, process.env)
  const log = createLogger({ name: 'heddle-plane', level: config.logging.level })
  const { agents: settings, clients } = config.ingest
  const version = planeVersion()
  const startedAt = Date.now()
  const runId = randomUUID()
  const by = `plane:${runId}`

  // The truth. Envoys may connect while it is loaded; they are answered when it is complete.
  const fleet = new Fleet(fault(log, 'a follower of the fleet failed; its next comparison mends it'))
  await using store = await reachStore(config.journal, log, stop)
  // Where planes share a store one works; the others wait here for its end.
  await using leadership = store.sharing && new LeadershipKeeper({ row: store, run: runId, holder: hostname(), log })
  const term = await leadership?.leading(stop)
  if (leadership && !term) return
  leadership?.onChange(({ leader }) => {
    // While the store is away nobody is told of another one; the store, and the fence in each Consul, stop what must not be.
    if (leader && leader.run !== runId) lost.abort()
  })
  await using routing = await startRouting(config.routing, { fleet, log, store, signal: stop })
  await using journal = await openJournal({
    store,
    fleet,
    config: config.journal,
    log,
    signal: stop,
    ...(leadership ? { term: leadership.term } : {}),
  })
  const { record } = journal
  await journal.load()
  await using tables = await openTables({ store, fleet, config: config.journal, log, signal: stop })
  const federationPath = `${config.journal.path}-federation`
  await using federation = await followFederation(config.federation, { fleet, path: federationPath, log, signal: stop })
  fleet.markComplete()
  // What is published first knows already which cluster answers.
  using _federated = { [Symbol.dispose]: federation.watch(() => routing.federate(federation)) }
  federation.look()

  // What happens: agents and clients say it, vantages confirm it.
  await using http = new AsyncDisposableStack()
  // Clients that beat each 30 s keep their connection.
  const server = createServer({ keepAliveTimeout: keptMs })
  const beatsToSave = new BeatBuffer()
  const agentHeardAt = new Map<string, number>()
  const overload = new Overload()
  using _load = watchLoad(overload, log)
  await using sessions = serveAgents({
    server,
    shedding: overload,
    fleet,
    record,
    replica: runId,
    log,
    attachGraceMs: settings.attach_grace,
    hooks: {
      onBeat: (node, { at }) => {
        beatsToSave.node(node, at)
        agentHeardAt.set(node, at)
      },
      onMetrics: (node, metrics, at) => {
        const samples = metrics.map((metric) => ({ ...metric, node, at }))
        tables.saveMetrics(samples)
        federation.hear(samples, 'agent')
        routing.hear(samples)
      },
      onGatewayOutcome: (gateway, node, outcome) => fileGateways.outcome(gateway, node, outcome),
      onCounted: ({ gateway, routes, services }, at) => routing.traffic.count(gateway, routes, at, services),
      onCounters: (node, counters) => routing.takeCounters(node, counters),
    },
  })
  const sightings = new Sightings()
  const sightingsPath = `${config.journal.path}-sightings`
  await restoreSightings(sightingsPath, sightings)
  const plane = { machine: machineId(), site: config.site }
  await using contact = watchContact({ fleet, record, sessions, settings, by, log })
  await using _survey = surveyInstances({ fleet, sessions, sightings, settings: settings.vantages, plane, log })
  await using _confirm = confirmDeaths({
    fleet,
    record,
    sessions,
    contact,
    sightings,
    settings: settings.vantages,
    by,
    log,
  })

  // What follows from it.
  using fileGateways = new FileGateways({
    fleet,
    now: Date.now,
    send: (gateway, files) => sessions.setGatewayFiles(gateway, files),
    inspect: (gateway, node, repair) => sessions.inspect(node, { gateway, repair }, inspectWithinMs),
  })
  routing.askAgents((gateway, endpointsOf) =>
    Promise.all(
      sessions.lookingAt(gateway).map(async (node) => ({
        node: fleet.nodes.get(node)?.spec.name ?? node,
        found: await sessions.inspect(node, { gateway, repair: false, endpointsOf: [...endpointsOf] }, inspectWithinMs),
      })),
    ),
  )
  const authorizers = new Authorizers((gateway, set) => sessions.setAuthorizer(gateway, set))
  // Before the files that make proxies ask them.
  using _authorizers = {
    [Symbol.dispose]: routing.onTable(
      (update) => authorizers.take(update),
      (gateway) => authorizers.withdraw(gateway),
    ),
  }
  using _tables = {
    [Symbol.dispose]: routing.onTable(
      (update) => fileGateways.take(update),
      (gateway) => fileGateways.withdraw(gateway),
      () => fileGateways.sinks(),
    ),
  }
  const { owner, datacenters } = config.mirror
  const installation = { id: store.installation, owner, run: runId, epoch: term?.epoch ?? 1 }
  await using foreign = startForeign(datacenters, { fleet, record, owner, by, log })
  const foreignComplete = foreign.complete
  await using mirror = await startMirror(config.mirror, { fleet, log, signal: stop, installation, foreignComplete })
  const sinks = () => [...mirror.sinks, ...routing.sinks(), ...fileGateways.sinks()]

  // What people, scripts and old clients ask.
  const beats = new Heartbeats(startedAt)
  await tables.readBeats((saved) => beats.restore(saved))
  await using watched = watchServices({ fleet, settings: clients.zervigo, log })
  using clientApi = clusterApi({
    fleet,
    record,
    beats,
    settings: clients,
    log,
    version,
    hooks: {
      onHeartbeat: (instance, at) => {
        if (overload.sheds('beats')) overload.shed('beats', 1)
        else beatsToSave.service(instance, at)
      },
      onNodeHeartbeat: (node, at) => beatsToSave.node(node, at),
      onMetrics: (samples) => {
        if (overload.sheds('metrics')) return overload.shed('metrics', samples.length)
        tables.saveMetrics(samples)
        federation.hear(samples, 'client')
        routing.hear(samples)
      },
    },
    about: () => ({ datacenters: mirror.sinks.map((sink) => sinkView(sink.status())), leader: { plane: runId } }),
    agentHeardAt: (node) => agentHeardAt.get(node),
    readMetrics: (query) => tables.readMetrics(query),
    syncTasks: {
      add: (task) => {
        const { most_tasks: tasks, most_megabytes, kept_for: keptMs } = clients.sync
        return store.addSyncTask(task, { tasks, bytes: most_megabytes * 1024 * 1024, keptMs })
      },
      get: store.syncTask,
      list: store.syncTasks,
    },
    servicesHealth: watched.now,
    store: () => {
      const { failure, since } = journal.status()
      return failure && { code: failure.code, since: since ?? Date.now() }
    },
  })
  using metrics = createMetrics(
    fleet,
    sinks,
    Date.now,
    () => federation.view(),
    () => overload.counts,
    () => routing.splits.list().map(splitView),
  )
  await using convergence = followConvergence({
    sinks,
    onChange: (listener) =>
      journal.follow((entries) => listener(entries.map(({ revision, event }) => ({ revision, at: event.at })))),
    declared: () => {
      const current = routing.versions.current
      return current && current.rollout.stages.length <= 1 ? current : undefined
    },
    onGiven: (listener) => routing.onTable(listener, listener),
    onProven: metrics.proven,
    log,
    signal: stop,
  })
  using discovery = serveDiscovery(fleet, config.discovery)
  const app = createApp({
    metrics,
    log,
    v1: {
      fleet,
      record,
      sinks,
      routesOf: (instance) => [...routing.explain(instance)],
      explainRequest: (request) => routing.explainRequest(request),
      routing: { routing, folder: config.routing.declaration },
      facts: () => {
        const unmanned = authorizers.problems(sessions.authorizedGateways())
        const problems = [...problemsOf(journal, routing), ...loadProblems(overload), ...unmanned]
        return {
          owner,
          installation: store.installation,
          version,
          startedAt,
          problems,
          foreign: foreign.status(),
          convergence: convergence.of,
          underway: underwayView(routing.versions),
          splits: splitsUnderWay(routing.splits.list(), Date.now()),
        }
      },
      events: {
        read: journal.read,
        revisionAt: journal.revisionAt,
        newest: journal.newest,
        onAppend: (listener) => journal.follow(listener),
      },
      stateAt: (revision) => journal.stateAt(revision),
      sweep: (datacenter, request) => sweepDatacenter(config.mirror, fleet, datacenter, request),
      approveDeletions: (datacenter, operator) => {
        const approved = mirror.approve(datacenter)
        log.info({ datacenter, operator, approved }, 'an operator let held deletions go')
        return approved === undefined ? undefined : { datacenter, approved }
      },
      discoveries: sessions.discoveries,
      agents: { doing: (node) => sessions.doings.of(node), takes: (node) => sessions.takes(node) },
      discovery,
      federation,
      lint: (datacenter, settings) =>
        lintDatacenter(datacenters, datacenter, settings, { fleet, owner, now: Date.now, signal: stop }),
      now: Date.now,
    },
  })
  // The calls of old clients come first, and most often; they need nothing of a framework.
  server.on('request', (request, response) => clientApi(request, response, () => app(request, response)))

  await using _timetable = startTimetable(
    planeJobs({
      fleet,
      record,
      beats,
      beatsToSave,
      tables,
      settings: config.ingest,
      by,
      log,
      keepSightings: () => keepSightings(sightingsPath, sightings, settings.vantages.valid_for),
    }),
    log,
  )
  const listening = http.use(await listen(server, config.api, 'api.port'))
  log.info({ api: listening.port, xds: routing.port, revision: fleet.revision, version }, 'plane runs')
  await aborted(stop)
  log.info('plane ends')
  if (lost.signal.aborted) throw new Failure('LEADERSHIP_LOST', 'Another plane may lead now, so this one ends.')
}

/** What waits for a person, besides what the sinks say themselves. */
function problemsOf(journal: Journal, routing: Routing): readonly string[] {
  const { failure } = journal.status()
  const store = failure ? [`${explainError(failure)} ${failure.remedy}`] : []
  return [...store, ...routing.problems()]
}

function loadProblems({ sheds, counts }: Overload): readonly string[] {
  if (!sheds('beats')) return []
  const what = sheds('metrics') ? 'beats and metrics are' : 'beats are'
  return [`More comes than can be taken in: ${what} passed over (so far ${counts.beats} and ${counts.metrics}).`]
}

process.exitCode = await runProgram(
  {
    usage,
    version: planeVersion,
    run,
    check: (file) => loadPlaneConfig(file, process.env),
    commands: { 'import-journal': importCommand((file) => loadPlaneConfig(file, process.env)) },
  },
  process.argv.slice(2),
)
