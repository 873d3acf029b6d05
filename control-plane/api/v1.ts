import { Router } from 'express'
import {
  AdmissionRequest,
  ApproveRequest,
  type ApproveView,
  type ExplainView,
  FreezeRequest,
  InstancesQuery,
  PageQuery,
  SweepRequest,
  type SweepView,
} from '#shared/protocol/api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Sink } from '../fleet/sink.ts'
import type { Discovery } from '../foreign/discovery/serve.ts'
import { desiredRouter } from './desired.ts'
import type { AgentsSaid } from './desired-view.ts'
import { type DiscoveryParts, discoveredRouter } from './discovered.ts'
import { discoveryRouter } from './discovery.ts'
import { answerEvents, type EventSource } from './events.ts'
import { explain } from './explain.ts'
import { candidates, instanceFilter } from './instance-filter.ts'
import { type Lint, lintRouter } from './lint.ts'
import { openApiDocument } from './openapi/document.ts'
import { operations } from './openapi/operations.ts'
import { registryOperations } from './openapi/registry-operations.ts'
import { admit, freezeOrThaw, instancesOf } from './operate.ts'
import { pageOf, sendPage } from './paging.ts'
import { Refusal, readBody, readQuery } from './problem.ts'
import { settingsRouter } from './settings.ts'
import { SortedIds } from './sorted-ids.ts'
import { instanceVersion, isConditional, nodeVersion, sendVersioned } from './version.ts'
import { instanceView, nodeView, type PlaneFacts, serviceView, statusView } from './views.ts'

/** What the API needs of the rest of the plane; main hands it over. */
export type ApiParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly sinks: () => readonly Sink[]
  /** The routes that lead to an instance, or what keeps them from it. */
  readonly routesOf: (instance: string) => ExplainView['stages']
  readonly facts: () => PlaneFacts
  readonly events: EventSource
  /** Resolves with undefined where there is no such datacenter. */
  readonly sweep: (datacenter: string, request: SweepRequest) => Promise<SweepView | undefined>
  readonly approveDeletions: (datacenter: string, by: string) => ApproveView | undefined
  /** What agents found that nobody declared. */
  readonly discoveries: DiscoveryParts
  /** What agents say that they do. */
  readonly agents: AgentsSaid
  readonly discovery: Discovery
  readonly lint: Lint
  readonly now: () => number
}

/** The plane's own API. */
export function v1Router(parts: ApiParts): Router {
  const { fleet, now } = parts
  const router = Router()
  const sorted = new SortedIds(fleet)
  const node = (id: string) => view(fleet.nodes.get(id), (known) => nodeView(known, fleet))
  const instance = (id: string) => view(fleet.instances.get(id), (known) => instanceView(known, fleet))

  router.get('/status', (_request, response) => {
    const sinks = parts.sinks().map((sink) => sink.status())
    response.json(statusView(fleet, sinks, parts.facts()))
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
    sendPage(request, response, pageOf(sorted.get('nodes'), page, node))
  })

  router.get('/nodes/:id', (request, response) => {
    const { id } = request.params
    sendVersioned(request, response, nodeVersion(id, fleet), node(id) ?? missing('node', id))
  })

  router.get('/instances', (request, response) => {
    const query = readQuery(InstancesQuery, request.query)
    const fits = instanceFilter(query, fleet)
    const ids = candidates(query, fleet) ?? sorted.get('instances')
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

  router.get('/instances/:id/explain', (request, response) => {
    const { id } = request.params
    const routes = parts.routesOf(id)
    const answers = parts.sinks().map((sink) => sink.explain(id))
    response.json(explain(id, fleet, routes, answers))
  })

  router.put('/instances/:id/admission', async (request, response) => {
    const { id } = request.params
    const wanted = readBody(AdmissionRequest, request.body)
    const present = () => instance(id) ?? missing('instance', id)
    present()
    const strict = isConditional(request, instanceVersion(id, fleet), present)
    response.json(await admit([id], wanted, now(), parts, strict ? present : undefined))
  })

  router.put('/nodes/:id/admission', async (request, response) => {
    const { id } = request.params
    const wanted = readBody(AdmissionRequest, request.body)
    const present = () => node(id) ?? missing('node', id)
    const instances = instancesOf(id, fleet)
    const strict = isConditional(request, nodeVersion(id, fleet), present)
    response.json(await admit(instances, wanted, now(), parts, strict ? present : undefined))
  })

  router.use(discoveredRouter(parts.discoveries, fleet))
  router.use(desiredRouter(parts), settingsRouter(parts))
  router.use(discoveryRouter(parts.discovery), lintRouter(parts.lint))

  router.get('/events', (request, response) => answerEvents(request, response, parts.events))

  router.post('/freeze', async (request, response) => {
    response.json(await freezeOrThaw('frozen', readBody(FreezeRequest, request.body), parts))
  })

  router.post('/thaw', async (request, response) => {
    response.json(await freezeOrThaw('thawed', readBody(FreezeRequest, request.body), parts))
  })

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
