import { Router } from 'express'
import { AtQuery, type ExplainView, InstancesQuery, PageQuery } from '#shared/protocol/api.ts'
import {
  AdmissionRequest,
  ApproveRequest,
  type ApproveView,
  FreezeRequest,
  type FrozenView,
  SweepRequest,
  type SweepView,
} from '#shared/protocol/change-api.ts'
import { RouteExplainRequest, type RouteExplainView } from '#shared/protocol/route-explain.ts'
import { FingerprintQuery, type FingerprintView, type StatusView } from '#shared/protocol/status-api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Sink } from '../fleet/sink.ts'
import { SiteTally } from '../fleet/site-tally.ts'
import { FleetIds } from '../fleet/sorted-ids.ts'
import { FleetTally } from '../fleet/tally.ts'
import { instanceVersion, nodeVersion } from '../fleet/versions.ts'
import type { Discovery } from '../foreign/discovery/serve.ts'
import type { Witnesses } from '../ingest/agents/vantage/confirm.ts'
import { type AccessApiParts, accessRouter } from './access.ts'
import { type BeginBackup, backupRouter } from './backup.ts'
import { batchRouter } from './batch.ts'
import { desiredRouter } from './desired.ts'
import type { AgentsSaid } from './desired-view.ts'
import { type DiscoveryParts, discoveredRouter } from './discovered.ts'
import { discoveryRouter } from './discovery.ts'
import { driftRouter } from './drift.ts'
import { type EnvironmentsApiParts, environmentsRouter } from './environments.ts'
import { answerEvents, type EventSource } from './events.ts'
import { explain } from './explain.ts'
import { type FederationParts, federationRouter } from './federation.ts'
import { type IdentityParts, identityRouter } from './identity.ts'
import { candidates, instanceFilter } from './instance-filter.ts'
import { type Lint, lintRouter } from './lint.ts'
import { openApiDocument } from './openapi/document.ts'
import { operations } from './openapi/operations.ts'
import { registryOperations } from './openapi/registry-operations.ts'
import { admit, admitNode, freezeOrThaw } from './operate.ts'
import { pageOf, sendPage } from './paging.ts'
import { explainPast, type PastSource, Pasts } from './past.ts'
import { Refusal, readBody, readQuery } from './problem.ts'
import { type RoutingParts, routingRouter } from './routing.ts'
import { settingsRouter } from './settings.ts'
import { splitsRouter } from './splits.ts'
import { type TenantsApiParts, tenantsRouter } from './tenants.ts'
import { type UpgradesApiParts, upgradesRouter } from './upgrades.ts'
import { type UsersApiParts, usersRouter } from './users.ts'
import { isConditional, onlyWhereMinded, sendContent, sendVersioned } from './version.ts'
import { instanceView, isoTime, nodeView, type PlaneFacts, serviceView, statusView } from './views.ts'

/** What the API needs of the rest of the plane; main hands it over. */
export type ApiParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly sinks: () => readonly Sink[]
  /** The routes that lead to an instance, or what keeps them from it. */
  readonly routesOf: (instance: string) => ExplainView['stages']
  /** What others than its own agent see of an instance; left out where nobody is asked. */
  readonly witnessesOf?: (instance: string) => Witnesses
  /** What gateways would make of a request; undefined: its URL is none. */
  readonly explainRequest: (request: RouteExplainRequest) => RouteExplainView | undefined
  /** The declaration of routes and its versions. */
  readonly routing: Pick<RoutingParts, 'routing' | 'folder'>
  readonly facts: () => PlaneFacts
  /** The hash of the fleet after a revision; rejects where it is not reached in time, or was passed. Undefined: of now. */
  readonly fingerprint: (at: number | undefined) => Promise<FingerprintView>
  readonly events: EventSource
  /** The state of the fleet after a revision; rejects with NOT_FOUND where that is not kept. */
  readonly stateAt: PastSource['stateAt']
  /** Resolves with undefined where there is no such datacenter. */
  readonly sweep: (datacenter: string, request: SweepRequest) => Promise<SweepView | undefined>
  readonly approveDeletions: (datacenter: string, by: string) => ApproveView | undefined
  /** What agents found that nobody declared. */
  readonly discoveries: DiscoveryParts
  /** What agents say that they do. */
  readonly agents: AgentsSaid
  readonly discovery: Discovery
  readonly lint: Lint
  readonly federation: FederationParts
  /** All that the store holds. */
  readonly backup: BeginBackup
  /** Who asks, tokens and the audit. */
  readonly access: AccessApiParts
  /** People who may sign in. */
  readonly people: UsersApiParts
  /** Environments of users, and whose everything is. */
  readonly environments: EnvironmentsApiParts
  readonly tenants: TenantsApiParts
  /** Releases of agents, and how they come to hosts. */
  readonly upgrades: UpgradesApiParts
  /** Who is known by certificates; undefined: nobody is. */
  readonly identity?: IdentityParts | undefined
  readonly now: () => number
}

/** The plane's own API. */
export function v1Router(parts: ApiParts): Router {
  const { fleet, now } = parts
  const router = Router()
  const sorted = new FleetIds(fleet)
  const tally = new FleetTally(fleet)
  const sites = new SiteTally(fleet)
  const pasts = new Pasts({ ...parts.events, stateAt: parts.stateAt, now })
  const node = (id: string) => view(fleet.nodes.get(id), (known) => nodeView(known, fleet))
  const instance = (id: string) => view(fleet.instances.get(id), (known) => instanceView(known, fleet))

  router.use(onlyWhereMinded(operations))

  // Asked for most often.
  router.use(discoveryRouter(parts.discovery, parts.events.readers))

  router.get('/status', async (request, response) => {
    const { at } = readQuery(AtQuery, request.query)
    if (at !== undefined) {
      const past = await pasts.of(at)
      const {
        foreign: _,
        convergence: __,
        underway: ___,
        splits: ____,
        replicas: _____,
        kubernetes: ______,
        ...facts
      } = parts.facts()
      const view = statusView(past.fleet, [], { ...facts, problems: [] })
      const when = past.at === undefined ? null : isoTime(past.at)
      response.json({ ...view, past: { revision: past.revision, at: when } } satisfies StatusView)
      return
    }
    const sinks = parts.sinks().map((sink) => sink.status())
    response.json(statusView(fleet, sinks, parts.facts(), tally, sites))
  })

  router.get('/fingerprint', async (request, response) => {
    response.json(await parts.fingerprint(readQuery(FingerprintQuery, request.query).at))
  })

  router.get('/openapi.json', (_request, response) => {
    response.json(openApiDocument([...operations, ...registryOperations], parts.facts().version))
  })

  router.get('/services', (request, response) => {
    const page = readQuery(PageQuery, request.query)
    const names = [...fleet.services()].sort()
    sendPage(
      request,
      response,
      pageOf(names, page, (name) => serviceView(name, fleet)),
    )
  })

  router.get('/nodes', (request, response) => {
    const page = readQuery(PageQuery, request.query)
    sendPage(request, response, pageOf(sorted.nodes(), page, node))
  })

  router.get('/nodes/:id', (request, response) => {
    const { id } = request.params
    sendVersioned(request, response, nodeVersion(id, fleet), node(id) ?? missing('node', id))
  })

  router.get('/instances', (request, response) => {
    const query = readQuery(InstancesQuery, request.query)
    const fits = instanceFilter(query, fleet)
    const ids = candidates(query, fleet) ?? sorted.instances()
    sendPage(
      request,
      response,
      pageOf(ids, query, (id) => (fits(id) ? instance(id) : undefined)),
    )
  })

  router.get('/instances/:id', (request, response) => {
    const { id } = request.params
    sendVersioned(request, response, instanceVersion(id, fleet), instance(id) ?? missing('instance', id))
  })

  router.get('/instances/:id/explain', async (request, response) => {
    const { id } = request.params
    const { at } = readQuery(AtQuery, request.query)
    if (at !== undefined) return sendContent(request, response, explainPast(id, await pasts.of(at)))
    const routes = parts.routesOf(id)
    const answers = parts.sinks().map((sink) => sink.explain(id))
    sendContent(request, response, explain(id, fleet, routes, answers, parts.witnessesOf?.(id)))
  })

  router.post('/routing/explain', (request, response) => {
    const asked = readBody(RouteExplainRequest, request.body)
    const found = parts.explainRequest(asked)
    if (!found)
      throw new Refusal(400, `"${asked.url}" is neither a URL nor a path: write http://host:port/path or /path.`)
    response.json(found)
  })

  router.put('/instances/:id/admission', async (request, response) => {
    const { id } = request.params
    const wanted = readBody(AdmissionRequest, request.body)
    const present = () => instance(id) ?? missing('instance', id)
    present()
    const strict = isConditional(request, instanceVersion(id, fleet), present)
    response.json(await admit(id, wanted, now(), parts, strict ? present : undefined))
  })

  router.put('/nodes/:id/admission', async (request, response) => {
    const { id } = request.params
    const wanted = readBody(AdmissionRequest, request.body)
    const present = () => node(id) ?? missing('node', id)
    present()
    const strict = isConditional(request, nodeVersion(id, fleet), present)
    response.json(await admitNode(id, wanted, now(), parts, strict ? present : undefined))
  })

  router.use(batchRouter(parts))
  router.use(discoveredRouter(parts.discoveries, fleet))
  router.use(desiredRouter(parts), settingsRouter(parts))
  router.use(routingRouter({ fleet, now, ...parts.routing }), splitsRouter(parts.routing.routing.splits))
  router.use(lintRouter(parts.lint))
  router.use(federationRouter(parts.federation))
  router.use(backupRouter(parts.backup))
  router.use(environmentsRouter(parts.environments), tenantsRouter(parts.tenants, parts))
  router.use(accessRouter(parts.access), usersRouter(parts.people))
  router.use(identityRouter(parts.identity), upgradesRouter(parts.upgrades))
  router.use(driftRouter({ sinks: parts.sinks, revision: () => fleet.revision, now }))

  router.get('/events', (request, response) => answerEvents(request, response, parts.events))

  const frozen = (): FrozenView => {
    const { frozen } = fleet.installation
    return { frozen: frozen ? { by: frozen.by, reason: frozen.reason, since: isoTime(frozen.since) } : null }
  }
  const frozenVersion = () => `"${fleet.installation.revision}"`

  router.get('/freeze', (request, response) => sendVersioned(request, response, frozenVersion(), frozen()))

  for (const [path, kind] of [
    ['/freeze', 'frozen'],
    ['/thaw', 'thawed'],
  ] as const) {
    router.post(path, async (request, response) => {
      const wanted = readBody(FreezeRequest, request.body)
      const strict = isConditional(request, frozenVersion(), frozen)
      response.json(await freezeOrThaw(kind, wanted, parts, strict ? frozen : undefined))
    })
  }

  router.post('/datacenters/:name/sweep', async (request, response) => {
    const wanted = readBody(SweepRequest, request.body)
    if (wanted.apply && !fleet.installation.frozen) {
      throw new Refusal(
        409,
        'Records are swept only while everything is frozen: otherwise the mirror writes them again.',
        {
          remedy: 'Run `heddle freeze --reason ...` first.',
        },
      )
    }
    const swept = await parts.sweep(request.params.name, wanted)
    if (!swept) throw new Refusal(404, `There is no datacenter ${request.params.name}.`)
    response.json(swept)
  })

  router.post('/datacenters/:name/deletions', (request, response) => {
    const { by } = readBody(ApproveRequest, request.body)
    const approved = parts.approveDeletions(request.params.name, by)
    if (!approved) throw new Refusal(404, `There is no datacenter ${request.params.name}.`)
    response.json(approved)
  })

  return router
}

function view<T, V>(known: T | undefined, make: (known: T) => V): V | undefined {
  return known === undefined ? undefined : make(known)
}

function missing(kind: 'node' | 'instance', id: string): never {
  throw new Refusal(404, `There is no ${kind} ${id}.`)
}
