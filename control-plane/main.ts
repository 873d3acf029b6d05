#!/usr/bin/env node
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { readArguments } from '#shared/config/arguments.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { listen } from '#shared/http/listen.ts'
import { aborted, stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger, fault } from '#shared/logging/logger.ts'
import { machineId, planeVersion, usage } from './admin/about.ts'
import { createMetrics } from './admin/metrics.ts'
import { createApp } from './api/app.ts'
import { sinkView } from './api/views.ts'
import { loadPlaneConfig } from './config.ts'
import { Fleet } from './fleet/fleet.ts'
import { watchContact } from './ingest/agents/contact/watch-contact.ts'
import { serveAgents } from './ingest/agents/serve-agents.ts'
import { confirmDeaths } from './ingest/agents/vantage/confirm.ts'
import { keepSightings, restoreSightings } from './ingest/agents/vantage/keep-sightings.ts'
import { Sightings } from './ingest/agents/vantage/sightings.ts'
import { surveyInstances } from './ingest/agents/vantage/survey.ts'
import { clusterApi } from './ingest/cluster-api/cluster-api.ts'
import { Heartbeats } from './ingest/cluster-api/heartbeats.ts'
import { samplesOf } from './ingest/samples.ts'
import { BeatBuffer } from './journal/beat-buffer.ts'
import { type Journal, openJournal } from './journal/open-journal.ts'
import { openStore } from './journal/open-store.ts'
import { openTables } from './journal/open-tables.ts'
import { startMirror } from './mirror/serve.ts'
import { sweepDatacenter } from './mirror/sweep-datacenter.ts'
import { NginxGateways } from './routing/nginx/gateways.ts'
import { type Routing, startRouting } from './routing/start.ts'
import { planeJobs, startTimetable } from './timetable.ts'

/** Runs the plane until it is told to stop. Parts are made, joined and left to run; leaving closes them in reverse. */
async function run(file: string): Promise<void> {
  const stop = stopSignal()
  const config = await loadPlaneConfig(file, process.env)
  const log = createLogger({ name: 'heddle-plane', level: config.logging.level })
  const { agents: settings, clients } = config.ingest
  const version = planeVersion()
  const startedAt = Date.now()
  const runId = randomUUID()
  const by = `plane:${runId}`

  // The truth. Envoys may connect while it is loaded; they are answered when it is complete.
  const fleet = new Fleet(fault(log, 'a follower of the fleet failed; its next comparison mends it'))
  await using routing = await startRouting(config.routing, { fleet, log, signal: stop })
  await using store = await openStore(config.journal)
  await using journal = await openJournal({ store, fleet, config: config.journal, log, signal: stop })
  const { record } = journal
  await journal.load()
  await using tables = await openTables({ store, fleet, config: config.journal, log, signal: stop })
  fleet.markComplete()

  // What happens: agents and clients say it, vantages confirm it.
  await using http = new AsyncDisposableStack()
  const server = createServer()
  const beatsToSave = new BeatBuffer()
  const agentHeardAt = new Map<string, number>()
  await using sessions = serveAgents({
    server,
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
      onMetrics: (node, metrics, at) => tables.saveMetrics(metrics.map((metric) => ({ ...metric, node, at }))),
      onGatewayOutcome: (gateway, node, outcome) => nginx.outcome(gateway, node, outcome),
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
  using nginx = new NginxGateways({
    fleet,
    now: Date.now,
    send: (gateway, files) => sessions.setGatewayFiles(gateway, files),
  })
  using _tables = {
    [Symbol.dispose]: routing.onTable(
      (update) => nginx.take(update),
      (gateway) => nginx.withdraw(gateway),
    ),
  }
  const { owner } = config.mirror
  const installation = { id: store.installation, owner, run: runId, epoch: 1 }
  await using mirror = await startMirror(config.mirror, { fleet, log, signal: stop, installation })
  const sinks = () => [...mirror.sinks, ...routing.sinks(), ...nginx.sinks()]

  // What people, scripts and old clients ask.
  const beats = new Heartbeats(startedAt)
  await tables.readBeats((saved) => beats.restore(saved))
  using clientApi = clusterApi({
    fleet,
    record,
    beats,
    settings: clients,
    log,
    version,
    hooks: {
      onHeartbeat: (instance, at) => beatsToSave.service(instance, at),
      onMetrics: (instance, metrics, at) => tables.saveMetrics(samplesOf(instance, metrics, at, fleet)),
    },
    about: () => ({ datacenters: mirror.sinks.map((sink) => sinkView(sink.status())), leader: { plane: runId } }),
    agentHeardAt: (node) => agentHeardAt.get(node),
  })
  using metrics = createMetrics(fleet, sinks, Date.now)
  const app = createApp({
    clientApi,
    metrics,
    log,
    v1: {
      fleet,
      record,
      sinks,
      routesOf: (instance) => [...routing.explain(instance)],
      facts: () => {
        const problems = problemsOf(journal, routing)
        return { owner, installation: store.installation, version, startedAt, problems }
      },
      events: {
        read: journal.read,
        revisionAt: journal.revisionAt,
        newest: journal.newest,
        onAppend: (listener) => journal.follow(listener),
      },
      sweep: (datacenter, request) => sweepDatacenter(config.mirror, fleet, datacenter, request),
      approveDeletions: (datacenter, operator) => {
        const approved = mirror.approve(datacenter)
        log.info({ datacenter, operator, approved }, 'an operator let held deletions go')
        return approved === undefined ? undefined : { datacenter, approved }
      },
      now: Date.now,
    },
  })
  server.on('request', app)

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
}

/** What waits for a person, besides what the sinks say themselves. */
function problemsOf(journal: Journal, routing: Routing): readonly string[] {
  const { failure } = journal.status()
  const store = failure ? [`${explainError(failure)} ${failure.remedy}`] : []
  return [...store, ...routing.problems()]
}

async function main(args: readonly string[]): Promise<number> {
  const command = readArguments(args)
  switch (command.kind) {
    case 'run':
      await run(command.file)
      return 0
    case 'check':
      await loadPlaneConfig(command.file, process.env)
      process.stdout.write(`${command.file} is valid\n`)
      return 0
    case 'help':
      process.stdout.write(usage)
      return 0
    case 'version':
      process.stdout.write(`${planeVersion()}\n`)
      return 0
    case 'wrong':
      process.stderr.write(`${command.message}\n\n${usage}`)
      return 2
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const remedy = error instanceof Failure ? `${error.code}: ${error.remedy}\n` : ''
  process.stderr.write(`${explainError(error)}\n${remedy}`)
  process.exitCode = 1
}
