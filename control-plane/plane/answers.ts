import type { IncomingMessage, ServerResponse } from 'node:http'
import { explainError, type Failure } from '#shared/failure/failure.ts'
import { createMetrics, type PlaneMetrics } from '../admin/metrics.ts'
import { createApp } from '../api/app.ts'
import { Readers } from '../api/readers.ts'
import { replicasView } from '../api/replica-views.ts'
import { underwayView } from '../api/routing-views.ts'
import { Seats } from '../api/seats.ts'
import { splitsUnderWay, splitView } from '../api/split-views.ts'
import type { ApiParts } from '../api/v1.ts'
import type { PlaneFacts } from '../api/views.ts'
import { type ConvergenceFollower, followConvergence } from '../convergence/follow.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { fleetHash } from '../fleet/fleet-hash.ts'
import { serveDiscovery } from '../foreign/discovery/serve.ts'
import { lintDatacenter } from '../foreign/lint/lint-datacenter.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import type { Overload } from '../ingest/overload.ts'
import { Backups } from '../journal/backup/backups.ts'
import { BackupKeeper } from '../journal/backup/keep-backups.ts'
import type { Journal } from '../journal/open-journal.ts'
import type { Lead } from '../leadership/lead.ts'
import { sweepDatacenter } from '../mirror/sweep-datacenter.ts'
import type { Replicas } from '../replicas/keep-replicas.ts'
import type { Routing } from '../routing/start.ts'
import { boundsOf, cutsOf } from './bounds.ts'
import { forwardToLeader } from './forward.ts'
import type { GuardedServer } from './guard-server.ts'
import type { Judges } from './intake.ts'
import type { Run } from './run.ts'
import type { Sinks } from './sinks.ts'
import type { Together } from './together.ts'
import type { Truth } from './truth.ts'

export type AnswersParts = Pick<Truth, 'journal' | 'tables' | 'federation'> & {
  readonly fleet: Fleet
  /** Of this Heddle, wherever it runs. */
  readonly installation: string
  readonly routing: Routing
  readonly sessions: AgentSessions
  readonly sinks: Sinks
  readonly overload: Overload
  readonly lead: Lead
  readonly replicas: Replicas
  readonly together: Pick<Together, 'problems'>
  readonly judges: Judges
  readonly server: Pick<GuardedServer, 'bounds' | 'cuts'>
}

/** What people and scripts ask. */
export type Answers = AsyncDisposable & {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Makes a backup if the configuration asks for them and one is due. */
  readonly lookAfterBackups: () => Promise<void>
}

/** Callers that follow the events; each of them has the newest ones read for it. */
const mostFollowers = 100
/** Somebody who waits for a revision that does not come. */
const fingerprintWithinMs = 10_000

export async function serveAnswers(run: Run, parts: AnswersParts): Promise<Answers> {
  const { fleet, journal, tables, federation, routing, sessions, sinks, overload, judges, lead, replicas, server } =
    parts
  const { config, log, signal } = run
  const { owner, datacenters } = config.mirror
  const { record } = journal
  const followers = new Seats(mostFollowers)
  const readers = new Readers()
  await using stack = new AsyncDisposableStack()
  const metrics = stack.use(
    createMetrics(
      fleet,
      sinks.all,
      Date.now,
      () => federation.view(),
      () => overload.counts,
      () => routing.splits.list().map(splitView),
      { contact: () => judges.contact.figures(), deaths: () => judges.deaths.figures() },
      () => boundsOf({ config, journal, tables, sessions, discovery, followers, server, routing }),
      () => cutsOf({ server, routing, readers }),
      () => journal.status().state === 'ready',
    ),
  )
  const convergence = stack.use(await measureConvergence(run, parts, metrics))
  const discovery = stack.use(serveDiscovery(fleet, config.discovery))
  const backups = stack.use(new Backups(config.journal, { owner, heddle: run.version }, log))
  // Whoever waits for one at the end waits no longer.
  const endBackups = () => backups[Symbol.dispose]()
  signal.addEventListener('abort', endBackups, { once: true })
  if (signal.aborted) endBackups()
  const keeper = keeperOf(run, parts, backups)
  const v1: ApiParts = {
    fleet,
    record,
    sinks: sinks.all,
    routesOf: (instance) => [...routing.explain(instance)],
    witnessesOf: (instance) => judges.deaths.witnesses(instance),
    explainRequest: (request) => routing.explainRequest(request),
    routing: { routing, folder: config.routing.declaration },
    facts: () => {
      const facts = factsOf(run, parts, convergence)
      return { ...facts, problems: [...facts.problems, ...(keeper?.problems() ?? [])] }
    },
    fingerprint: async (at = fleet.revision) => {
      const hash = await journal.lookAt(at, () => fleetHash(fleet.state()), fingerprintWithinMs)
      return { run: run.id, revision: at, hash }
    },
    events: {
      read: journal.read,
      revisionAt: journal.revisionAt,
      newest: journal.newest,
      onAppend: (listener) => journal.follow(listener),
      readers,
      seats: followers,
    },
    stateAt: (revision) => journal.stateAt(revision),
    sweep: (datacenter, request) => sweepDatacenter(config.mirror, fleet, datacenter, request),
    approveDeletions: (datacenter, operator) => {
      const approved = sinks.approve(datacenter)
      log.info({ datacenter, operator, approved }, 'an operator let held deletions go')
      return approved === undefined ? undefined : { datacenter, approved }
    },
    discoveries: sessions.discoveries,
    agents: { doing: (node) => sessions.doings.of(node), takes: (node) => sessions.takes(node) },
    discovery,
    federation,
    lint: (datacenter, settings) =>
      lintDatacenter(datacenters, datacenter, settings, { fleet, owner, now: Date.now, signal }),
    backup: (asked) => backups.begin(asked),
    now: Date.now,
  }
  const app = createApp({ metrics, log, v1 })
  const open = stack.move()
  const find = (each: string) => replicas.find(each)
  return {
    answer: (request, response) => {
      const refuse = (failure: Failure) => refuseAs(response, failure)
      if (!forwardToLeader(request, response, { lead, find }, refuse)) app(request, response)
    },
    lookAfterBackups: async () => keeper?.look(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

function keeperOf({ config, log }: Run, { installation, lead: { leads } }: AnswersParts, backups: Backups) {
  const { backup } = config.journal
  if (!backup) return undefined
  const open = () => backups.begin({ metrics: backup.metrics, by: 'the timetable' })
  return new BackupKeeper({ settings: backup, installation, open, leads, log, signal: backups.ended })
}

function measureConvergence({ log, signal }: Run, { journal, routing, sinks }: AnswersParts, metrics: PlaneMetrics) {
  return followConvergence({
    // What another plane says of its own is known too late to be measured.
    sinks: sinks.own,
    onChange: (listener) =>
      journal.follow((entries) => listener(entries.map(({ revision, event }) => ({ revision, at: event.at })))),
    declared: () => {
      const current = routing.versions.current
      return current && current.rollout.stages.length <= 1 ? current : undefined
    },
    onGiven: (listener) => routing.onTable(listener, listener),
    onProven: metrics.proven,
    log,
    signal,
  })
}

function factsOf(
  { config, version, startedAt }: Run,
  { installation, journal, routing, sinks, sessions, overload, lead, replicas, together }: AnswersParts,
  convergence: ConvergenceFollower,
): PlaneFacts {
  const unmanned = sinks.authorizers.problems(sessions.authorizedGateways())
  return {
    owner: config.mirror.owner,
    installation,
    version,
    startedAt,
    problems: [...problemsOf(journal, routing), ...loadProblems(overload), ...unmanned, ...together.problems()],
    foreign: sinks.foreign(),
    replicas: replicasView(replicas.list(), lead.leader()?.run),
    leader: lead.leader(),
    convergence: convergence.of,
    underway: underwayView(routing.versions),
    splits: splitsUnderWay(routing.splits.list(), Date.now()),
  }
}

/** As a problem of the API, without its framework. */
function refuseAs(response: ServerResponse, { code, remedy, message }: Failure): void {
  const problem = { type: 'about:blank', title: 'Not available now', status: 503, detail: message, code, remedy }
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '2' })
  response.end(JSON.stringify(problem))
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
