import { Router } from 'express'
import {
  AdmissionRequest,
  ApproveRequest,
  type ApproveView,
  type ExplainView,
  FreezeRequest,
  SweepRequest,
  type SweepView,
} from '#shared/protocol/api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Sink } from '../fleet/sink.ts'
import { answerEvents, type EventSource } from './events.ts'
import { explain } from './explain.ts'
import { admit, freezeOrThaw, instancesOf } from './operate.ts'
import { Refusal, readBody } from './problem.ts'
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
  readonly now: () => number
}

/** The plane's own API. */
export function v1Router(parts: ApiParts): Router {
  const { fleet, now } = parts
  const router = Router()

  router.get('/status', (_request, response) => {
    const sinks = parts.sinks().map((sink) => sink.status())
    response.json(statusView(fleet, sinks, parts.facts()))
  })

  router.get('/services', (_request, response) => {
    response.json([...fleet.services()].sort().map((name) => serviceView(name, fleet)))
  })

  router.get('/nodes', (_request, response) => {
    const nodes = [...fleet.nodes.values()].sort((a, b) => (a.spec.id < b.spec.id ? -1 : 1))
    response.json(nodes.map((node) => nodeView(node, fleet)))
  })

  router.get('/instances', (request, response) => {
    const { service, node } = request.query
    const ids = typeof service === 'string' ? fleet.instancesOfService(service) : fleet.instances.keys()
    const views = [...ids].sort().flatMap((id) => {
      const instance = fleet.instances.get(id)
      if (!instance || (typeof node === 'string' && instance.node !== node)) return []
      return [instanceView(instance, fleet)]
    })
    response.json(views)
  })

  router.get('/instances/:id', (request, response) => {
    const instance = fleet.instances.get(request.params.id)
    if (!instance) throw new Refusal(404, `There is no instance ${request.params.id}.`)
    response.json(instanceView(instance, fleet))
  })

  router.get('/instances/:id/explain', (request, response) => {
    const { id } = request.params
    const routes = parts.routesOf(id)
    const answers = parts.sinks().map((sink) => sink.explain(id))
    response.json(explain(id, fleet, routes, answers))
  })

  router.put('/instances/:id/admission', async (request, response) => {
    response.json(await admit([request.params.id], readBody(AdmissionRequest, request.body), now(), parts))
  })

  router.put('/nodes/:id/admission', async (request, response) => {
    const wanted = readBody(AdmissionRequest, request.body)
    response.json(await admit(instancesOf(request.params.id, fleet), wanted, now(), parts))
  })

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
