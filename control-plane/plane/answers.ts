import type { IncomingMessage, ServerResponse } from 'node:http'
import { explainError, type Failure } from '#shared/failure/failure.ts'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import { createMetrics, type PlaneMetrics } from '../admin/metrics.ts'
import { createApp } from '../api/app.ts'
import { Readers } from '../api/readers.ts'
import { replicasView } from '../api/replica-views.ts'
import { underwayView } from '../api/routing-views.ts'
import { Seats } from '../api/seats.ts'
import { splitsUnderWay, splitView } from '../api/split-views.ts'
import type { ApiParts } from '../api/v1.ts'
import type { PlaneFacts } from '../api/views.ts'
import { isOpen } from '../config.ts'
import { type ConvergenceFollower, followConvergence } from '../convergence/follow.ts'
import type { Environments } from '../environments/environments.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { fleetHash } from '../fleet/fleet-hash.ts'
import { serveDiscovery } from '../foreign/discovery/serve.ts'
import { lintDatacenter } from '../foreign/lint/lint-datacenter.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import { kubernetesProblems } from '../ingest/kubernetes/problems.ts'
import type { Overload } from '../ingest/overload.ts'
import { Backups } from '../journal/backup/backups.ts'
import { BackupKeeper } from '../journal/backup/keep-backups.ts'
import type { Journal } from '../journal/open-journal.ts'
import type { Store } from '../journal/store.ts'
import type { Lead } from '../leadership/lead.ts'
import { sweepDatacenter } from '../mirror/sweep-datacenter.ts'
import type { Replicas } from '../replicas/keep-replicas.ts'
import type { Routing } from '../routing/start.ts'
import type { Upgrades } from '../upgrades/keep-upgrades.ts'
import type { Access } from './access.ts'
import { boundsOf, cutsOf } from './bounds.ts'
import { forwardToLeader } from './forward.ts'
import type { GuardedServer } from './guard-server.ts'
import { identityParts } from './identity-parts.ts'
import type { Judges } from './intake.ts'
import { connectionsProblem } from './most-connections.ts'
import type { PlainClients } from './plain-clients.ts'
import { planeReach } from './reach.ts'
import type { Run } from './run.ts'
import type { Security } from './secure.ts'
import type { Sinks } from './sinks.ts'
import { tenantAnswers } from './tenant-answers.ts'
import { OfTenants, type Tenants } from './tenants.ts'
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
  readonly tenants: Tenants
  readonly environments: Environments
  readonly upgrades: Upgrades
  readonly judges: Judges
  readonly server: Pick<GuardedServer, 'bounds' | 'cuts'>
  readonly access: Access
  readonly store: Store
  /** Undefined: nothing is asked over TLS. */
  readonly security: Security | undefined
  /** Old clients with a listener of their own; undefined: there is none. */
  readonly plain: Pick<PlainClients, 'counts' | 'problems'> | undefined
  /** Whom to believe that it is a plane, PEM; undefined: whom the system believes. */
  readonly ca: (() => string) | undefined
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
  const {
    fleet,
    journal,
    tables,
    federation,
    routing,
    sessions,
    sinks,
    overload,
    judges,
    lead,
    replicas,
    server,
    access,
  } = parts
  const { config, log, signal } = run
  const { owner, datacenters } = config.mirror
  const { record } = journal
  const followers = new Seats(mostFollowers)
  // Records at loopback are tried only where their Consul is there too.
  const mayLint = planeReach(config, { loopback: true })
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
      () => [
        ...boundsOf({ config, journal, tables, sessions, discovery, followers, server, routing }),
        ...access.rates.bounds(),
      ],
      () => ({
        ...cutsOf({ server, routing, readers }),
        ...sessions.refusals.counts(),
        ...parts.plain?.counts(),
        ...parts.tenants.quotas.counts(),
        ...access.rates.counts(),
        calls_of_other_hosts: access.hosts.refused,
      }),
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
    record: access.trail.recording(record, fleet),
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
      const [, cluster] = /^kubernetes:(.*)$/.exec(datacenter) ?? []
      const approved = cluster === undefined ? sinks.approve(datacenter) : sinks.approveKubernetes(cluster)
      log.info({ datacenter, operator, approved }, 'an operator let held deletions go')
      return approved === undefined ? undefined : { datacenter, approved }
    },
    discoveries: sessions.discoveries,
    agents: { doing: (node) => sessions.doings.of(node), takes: (node) => sessions.takes(node) },
    discovery,
    federation,
    lint: (datacenter, settings) =>
      lintDatacenter(datacenters, datacenter, settings, { fleet, owner, now: Date.now, signal, mayReach: mayLint }),
    backup: (asked) => backups.begin(asked),
    access: accessApiOf(run, parts),
    people: usersApiOf(run, parts),
    environments: { environments: parts.environments, callerOf: (request) => access.guard.callerOf(request), fleet },
    tenants: {
      ...parts.tenants,
      environments: parts.environments,
      callerOf: (request) => access.guard.callerOf(request),
    },
    upgrades: { upgrades: parts.upgrades, fleet },
    identity: parts.security && identityParts(run, parts.security.identities),
    now: Date.now,
  }
  const app = createApp({ metrics, log, v1, signIn: access.people.routes })
  const { tenants } = parts
  const appOf = (tenant: string) =>
    createApp({ metrics, log, v1: tenantAnswers(tenant, { whole: v1, fleet, journal, trail: access.trail, tenants }) })
  const own = new OfTenants(appOf)
  const answering = (request: IncomingMessage) => {
    const { tenant } = access.guard.callerOf(request)
    return tenant === undefined ? app : own.of(tenant)
  }
  const open = stack.move()
  const find = (each: string) => replicas.find(each)
  return {
    answer: (request, response) => {
      const refuse = (failure: Failure) => refuseAs(response, failure)
      if (!forwardToLeader(request, response, { lead, find, ca: parts.ca }, refuse))
        answering(request)(request, response)
    },
    lookAfterBackups: async () => keeper?.look(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

function accessApiOf({ config }: Run, { access, store }: AnswersParts): ApiParts['access'] {
  const { guard, mode, people, tokens, trail } = access
  return {
    callerOf: (request) => guard.callerOf(request),
    csrfOf: people.csrfOf,
    required: mode.required,
    store,
    onChanged: (id) => {
      tokens.forget(id)
      mode.claim()
    },
    draft: (done) => trail.draft(done),
    lifetimeMs: config.access.token_lifetime,
    now: Date.now,
  }
}

function usersApiOf({ config }: Run, { access, store }: AnswersParts): ApiParts['people'] {
  const { guard, people, trail } = access
  return {
    callerOf: (request) => guard.callerOf(request),
    store,
    onChanged: () => people.sessions.forget(),
    draft: (done) => trail.draft(done),
    url: people.url,
    linkMs: config.access.link_lifetime,
    now: Date.now,
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
  parts: AnswersParts,
  convergence: ConvergenceFollower,
): PlaneFacts {
  const { installation, journal, routing, sinks, sessions, overload, lead, replicas, together } = parts
  const unmanned = sinks.authorizers.problems(sessions.authorizedGateways())
  return {
    owner: config.mirror.owner,
    installation,
    version,
    startedAt,
    problems: [
      ...problemsOf(journal, routing),
      ...loadProblems(overload),
      ...unmanned,
      ...together.problems(),
      ...parts.environments.problems(),
      ...parts.access.problems(),
      ...securityProblems(config, parts),
      ...kubernetesProblems(sinks.kubernetes()),
    ],
    foreign: sinks.foreign(),
    kubernetes: sinks.kubernetes(),
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
  response.writeHead(503, { ...answerHeaders, 'content-type': 'application/problem+json', 'retry-after': '2' })
  response.end(JSON.stringify(problem))
}

/** What waits for a person, besides what the sinks say themselves. */
function problemsOf(journal: Journal, routing: Routing): readonly string[] {
  const { failure } = journal.status()
  const store = failure ? [`${explainError(failure)} ${failure.remedy}`] : []
  return [...store, ...routing.problems()]
}

/** What is open to anybody, what waits for a person, and who says what he may not. */
function securityProblems(
  { api }: Run['config'],
  { security, sessions, plain, server, fleet }: AnswersParts,
): readonly string[] {
  const open = isOpen(api)
    ? [
        `API_INSECURE: ${api.address}:${api.port} is served without TLS: whoever reaches it may report for others and change everything. Take \`api.insecure\` out of the configuration.`,
      ]
    : []
  const held = security?.identities.revoked.heldUntil ?? 0
  const after =
    held > 0
      ? [
          `IDENTITY_HELD: a backup was restored; certificates from before ${new Date(held).toISOString()} are not renewed until \`heddle identity approve --all-before\`.`,
        ]
      : []
  const connections = server.bounds().find(({ name }) => name === 'connections')
  const files = connectionsProblem(connections?.most ?? Number.POSITIVE_INFINITY, fleet.nodes.size) ?? []
  return [...open, ...after, ...sessions.refusals.problems(), ...(plain?.problems() ?? []), ...[files].flat()]
}

function loadProblems({ sheds, counts }: Overload): readonly string[] {
  if (!sheds('beats')) return []
  const what = sheds('metrics') ? 'beats and metrics are' : 'beats are'
  return [`More comes than can be taken in: ${what} passed over (so far ${counts.beats} and ${counts.metrics}).`]
}
