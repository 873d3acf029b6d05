#!/usr/bin/env node
import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { effectiveText } from '#shared/config/effective.ts'
import { type Listening, listen } from '#shared/http/listen.ts'
import { runProgram } from '#shared/lifecycle/run-program.ts'
import { aborted, stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger, fault, warn } from '#shared/logging/logger.ts'
import { openNotifier } from '#shared/notify/open-notifier.ts'
import { machineId, planeVersion, usage } from './admin/about.ts'
import { firstCommand } from './admin/first-hour.ts'
import { withHelp } from './admin/with-help.ts'
import { Trail } from './audit/trail.ts'
import { advertisedApi, loadPlaneConfig, loadPlaneSettings, risksToSay, servesTls } from './config.ts'
import { Fleet } from './fleet/fleet.ts'
import type { RecordChange } from './fleet/record.ts'
import { waitingSinks } from './fleet/waiting-sinks.ts'
import { tlsServer } from './identity/server-certificate.ts'
import { backupCommand, restoreCommand } from './journal/backup/command.ts'
import { importCommand } from './journal/import-command.ts'
import { migrateCommand } from './journal/migrate-command.ts'
import { reachStore } from './journal/reach-store.ts'
import { LeadershipKeeper } from './leadership/keep-leadership.ts'
import { leadAlone, leadOf } from './leadership/lead.ts'
import { startAccess } from './plane/access.ts'
import { serveAnswers } from './plane/answers.ts'
import { callerBy } from './plane/callers.ts'
import { serveClients } from './plane/clients.ts'
import { environmentsOf } from './plane/environments.ts'
import { callLimits, GuardedServer } from './plane/guard-server.ts'
import { startIntake } from './plane/intake.ts'
import { RotationKeeper } from './plane/keep-rotation.ts'
import { leave, spreadAnew } from './plane/leave.ts'
import { mayLead, othersSeen } from './plane/may-lead.ts'
import { connectionsProblem, mostConnections } from './plane/most-connections.ts'
import { withOwnWrites } from './plane/own-writes.ts'
import { PlainClients } from './plane/plain-clients.ts'
import { routingStore } from './plane/routing-store.ts'
import type { Run } from './plane/run.ts'
import { openSecurity } from './plane/secure.ts'
import { shareTakenBack } from './plane/share-taken-back.ts'
import { startSinks } from './plane/sinks.ts'
import { addSmallRules } from './plane/small-alerts.ts'
import { followTenants } from './plane/tenants.ts'
import { Together } from './plane/together.ts'
import { trailedIdentities, trailedStore } from './plane/trailed-store.ts'
import { loadTruth } from './plane/truth.ts'
import { startUpgrades } from './plane/upgrades.ts'
import { xdsSecurity } from './plane/xds-security.ts'
import { Replicas } from './replicas/keep-replicas.ts'
import { aliveForMs } from './replicas/replica.ts'
import { startRouting } from './routing/start.ts'
import { cadence, planeJobs, startTimetable } from './timetable.ts'
import { ZerviClient } from './zervi/client.ts'

/** Runs the plane until it is told to stop. Parts are made, joined and left to run; leaving closes them in reverse. */
async function run(file: string): Promise<void> {
  const asked = stopSignal()
  const ending = new AbortController()
  const end = () => ending.abort()
  asked.addEventListener('abort', end)
  const { signal } = ending
  const config = await loadPlaneConfig(file, process.env)
  const log = createLogger({ name: 'heddle-plane', ...config.logging })
  using notify = openNotifier(log)
  asked.addEventListener('abort', notify.stopping)
  for (const risk of risksToSay(config)) log.warn({ risk }, `mode ${config.mode} would rather not run so`)
  const version = planeVersion()
  const id = randomUUID()
  const plane: Run = { id, by: `plane:${id}`, config, log, version, startedAt: Date.now(), signal }

  // The truth. Envoys may connect while it is loaded; they are answered when it is complete.
  const fleet = new Fleet(fault(log, 'a follower of the fleet failed; its next comparison mends it'))
  await using store = await reachStore(config.journal, log, signal)
  if (config.size === 'small') {
    await addSmallRules(store, Date.now()).catch(warn(log, 'the rules of a small plane cannot be added'))
  }
  const trail = new Trail()
  // By what this plane is known, and by what it knows nodes.
  await using security = await openSecurity(plane, trailedIdentities(store, trail))
  const overTls = servesTls(config.api) ? security : undefined
  const ca = security && (() => security.identities.trust)
  const holder = hostname()
  await using replicas = new Replicas({
    rows: store.sharing && store,
    self: {
      ...{ run: id, holder, version, machine: machineId(), site: config.site },
      api: advertisedApi(config.api, holder),
      key: randomBytes(32).toString('hex'),
    },
    revision: () => fleet.revision,
    log,
  })
  await othersSeen(replicas, decidedWithinMs, signal)
  // Of planes that share a store one leads: it does what must be done once, and all do everything else.
  let serves = false
  const mayClaim = () => mayLead(serves, replicas)
  await using leadership = store.sharing && new LeadershipKeeper({ row: store, run: id, holder, log, mayClaim })
  await leadership?.decided(decidedWithinMs, signal)
  const lead = leadership ? leadOf(leadership) : leadAlone(id, holder)
  const declared = {
    store: routingStore(trailedStore(store, trail), lead),
    ...(store.sharing ? { leads: lead.leads } : {}),
  }
  await using routing = await startRouting(config.routing, {
    ...{ fleet, log, signal, security: security && xdsSecurity(config.routing, security) },
    ...declared,
  })
  await using truth = await loadTruth(plane, { fleet, store, lead, routing })
  const { record } = truth.journal
  const recordAsLeader: RecordChange = (change, options) => record(change, { ...options, leading: true })

  // What happens: agents and clients say it, vantages confirm it.
  await using http = new AsyncDisposableStack()
  const limits = { ...callLimits, connections: await mostConnections() }
  const fewFiles = connectionsProblem(limits.connections, fleet.nodes.size)
  if (fewFiles !== undefined) log.warn(fewFiles)
  const guarded = new GuardedServer(limits, overTls && { ...tlsServer, ...overTls.certificate.context })
  const { server } = guarded
  if (overTls) http.defer(overTls.certificate.keep(guarded))
  await using together = new Together({ server, replicas, shared: store.sharing !== undefined, log, ca })
  const rotation = security && new RotationKeeper({ ...security, together, leads: lead.leads })
  http.defer(shareTakenBack(together, routing.splits, log))
  using tenants = followTenants(fleet, config.tenants, log)
  await using intake = await startIntake(plane, {
    ...truth,
    ...{ fleet, server, lead, together },
    atTheDoor: () => guarded.waiting,
    // Others count this plane for as long.
    storeAnswers: () => replicas.lookedAgoMs <= aliveForMs,
    routing,
    waitingFor: (revision) =>
      waitingSinks(
        sinks.all().map((sink) => sink.status()),
        revision,
      ),
    onGatewayOutcome: (...told) => sinks.fileGateways.outcome(...told),
    identities: overTls?.identities,
    onTrusts: (...told) => rotation?.heard(...told),
    quotas: tenants.quotas,
  })
  const { sessions, takers, judges, overload, beatsToSave, agentHeardAt } = intake

  const { slowMs } = intake
  await using upgrades = await startUpgrades(plane, { store, trail, lead, fleet, sessions, together, slowMs })

  // What follows from it.
  const { installation } = store
  const shared = { lead, replicas, together }
  const mirrored = { installation, kept: security?.kept }
  await using sinks = await startSinks(plane, { ...shared, fleet, recordAsLeader, routing, sessions, ...mirrored })

  // What people, scripts and old clients ask.
  const plain = config.ingest.clients.plain && new PlainClients(config.ingest.clients.plain, log)
  const callerOf = callerBy({ plain, identities: overTls?.identities })
  using zervi = config.zervi && new ZerviClient(config.zervi)
  await using access = await startAccess(plane, {
    store,
    trail,
    lead,
    encrypted: overTls !== undefined,
    callerOf,
    zervi,
  })
  const known = { ...truth, ...shared, fleet, routing, sinks, overload, together }
  const environments = environmentsOf(plane, { store, fleet, tenants, trail, zervi })
  const tenantOf = (request: IncomingMessage) => access.guard.callerOf(request).tenant
  const heard = { beatsToSave, agentHeardAt, takers }
  await using clients = await serveClients(plane, { ...known, ...heard, store, plain, tenants, tenantOf })
  await using answers = await serveAnswers(plane, {
    ...known,
    installation,
    sessions,
    judges,
    server: guarded,
    security,
    plain,
    ca,
    access,
    store,
    tenants,
    environments,
    upgrades,
  })
  // The calls of old clients come first, and most often; they need nothing of a framework.
  guarded.serve((request, response) => {
    const answer = () => clients.answer(request, response, () => answers.answer(request, response))
    access.guard.admit(request, response, () => withOwnWrites(request, response, truth, answer))
  })

  await using _timetable = startTimetable(
    [
      ...planeJobs({
        fleet,
        recordAsLeader,
        leads: lead.leads,
        shared: store.sharing !== undefined,
        beats: clients.beats,
        beatsToSave,
        tables: truth.tables,
        settings: config.ingest,
        by: plane.by,
        log,
        keepSightings: intake.keepSightings,
      }),
      { name: 'ask agents to spread anew', when: cadence(1_000), run: () => spreadAnew({ replicas, sessions, log }) },
      ...(security && rotation
        ? [
            { name: "renew the plane's certificate", when: cadence(10_000), run: security.lookAfterCertificate },
            { name: 'go on with a rotation of the authority', when: cadence(30_000), run: rotation.look },
          ]
        : []),
      ...access.jobs,
      {
        name: 'take up environments that were left, and release what has expired',
        when: cadence(1_000),
        run: async () => {
          if (lead.leads()) await environments.look()
        },
      },
      { name: 'make a backup when one is due', when: cadence(10_000), run: answers.lookAfterBackups },
    ],
    log,
  )
  const doors: Listening[] = []
  if (plain) {
    const guardedClients: typeof clients.answer = (request, response, next) =>
      access.guard.admit(request, response, () => clients.answer(request, response, next))
    doors.push(http.use(await plain.listen(guardedClients)))
  }
  const listening = http.use(await listen(server, config.api, 'api.port'))
  doors.push(listening)
  notify.showing(
    () => `${sessions.figures().sessions} agents, revision ${fleet.revision}${lead.leads() ? ', leads' : ''}`,
  )
  notify.ready()
  log.info({ api: listening.port, xds: routing.port, revision: fleet.revision, version }, 'plane runs')
  replicas.announce(() => sessions.figures().sessions)
  serves = true
  // From now on it ends only when it has handed its agents over.
  asked.removeEventListener('abort', end)
  await aborted(asked)
  await leave({ replicas, sessions, log })
  await Promise.all(doors.map((door) => door.finish(lastAnswersWithinMs)))
  log.info('plane ends')
  end()
}

/** Who else serves, and who leads, should be known when the declaration is read: only the leader makes a version of it. */
const decidedWithinMs = 5_000

/** Calls that have come are answered before it ends; those who wait for news are not waited for. */
const lastAnswersWithinMs = 1_000

const load = (file: string) => loadPlaneConfig(file, process.env)

process.exitCode = await runProgram(
  {
    usage,
    version: planeVersion,
    run,
    check: async (file) => effectiveText(await loadPlaneSettings(file, process.env)),
    commands: withHelp(usage, {
      first: firstCommand(load),
      'import-journal': importCommand(load),
      migrate: migrateCommand(load),
      backup: backupCommand({ load, version: planeVersion() }),
      restore: restoreCommand({ load, version: planeVersion() }),
    }),
  },
  process.argv.slice(2),
)
