import { json, type Request, Router } from 'express'
import type { Logger } from '#shared/logging/logger.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { FleetWithRemovals } from '../agents/session/reconcile.ts'
import type { ClientsConfig } from '../config.ts'
import { readRegistration } from './adapters/adapters.ts'
import { beat, hintOf } from './beat.ts'
import { deregister } from './deregister.ts'
import { readBody } from './fields.ts'
import { servicesHealth } from './health.ts'
import { HeartbeatBody } from './heartbeat-body.ts'
import type { Heartbeats } from './heartbeats.ts'
import { listServices, readListing } from './listing.ts'
import { Namesakes } from './namesakes.ts'
import type { ClientParts, ClientsHooks } from './parts.ts'
import { Refusal, refusalHandler } from './refusal.ts'
import { register } from './register.ts'
import { isoTime } from './row.ts'
import { type Counts, countFleet, protectionsOf } from './status.ts'

export type ClusterApiOptions = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  /** When clients were last heard of; main restores it and has it judged on the timetable. */
  readonly beats: Heartbeats
  readonly settings: ClientsConfig
  readonly hooks: ClientsHooks
  readonly log: Logger
  /** Of the plane. */
  readonly version: string
  /** What else `GET /cluster/status` shows: the datacenters and how far each follows, and who leads. */
  readonly about: () => { readonly datacenters: readonly object[]; readonly leader: object | null }
  /** When the agent of a node was last heard of, epoch milliseconds. */
  readonly agentHeardAt?: (node: string) => number | undefined
}

/** The registry API that clients without an agent call. Closing it only stops it from following the fleet. */
export function clusterApi(options: ClusterApiOptions): Router & Disposable {
  const { fleet, beats, settings, log, version, about } = options
  const namesakes = new Namesakes(fleet)
  const parts: ClientParts = { ...options, namesakes }
  const counts = new FreshCounts(fleet)
  const router = Router()
  // Clients forget the content type as often as not.
  const body = json({ limit: settings.most_body_kib * 1024, type: () => true, strict: false })
  const heardAt = (id: string) => {
    const instance = fleet.instances.get(id)
    return instance?.origin === 'agent' ? options.agentHeardAt?.(instance.node) : beats.lastOf(id)
  }

  router.get('/health', (_request, response) => {
    const zervigo_services = servicesHealth(settings.zervigo_services, fleet)
    const status = fleet.complete ? 'healthy' : 'starting'
    const { service_name: service } = settings
    response.status(fleet.complete ? 200 : 503)
    response.json({
      status,
      service,
      version,
      timestamp: isoTime(Date.now()),
      revision: fleet.revision,
      zervigo_services,
    })
  })

  router.use('/cluster', (_request, response, next) => {
    // Who is who cannot be told from half a fleet.
    if (fleet.complete) return next()
    response.setHeader('Retry-After', '1')
    throw new Refusal(503, 'the plane is still loading its journal')
  })

  router.get('/cluster/status', (_request, response) => {
    const { complete, revision } = fleet
    response.json({
      status: 'ok',
      complete,
      revision,
      ...counts.now(),
      ...about(),
      ...protectionsOf(fleet),
    })
  })

  router.post('/cluster/register', body, async (request, response) => {
    const { instance, isNew, notes } = await register(readRegistration(request.body), remoteOf(request), parts)
    response.status(isNew ? 201 : 200).json({ success: true, ...summary(instance), notes })
  })

  router.get('/cluster/services', (request, response) => {
    response.json(listServices(readListing(request.query), fleet, heardAt))
  })

  router.post('/cluster/heartbeat/:id', body, async (request, response) => {
    const instance = await beat(request.params.id, readBody(HeartbeatBody, request.body ?? {}), parts)
    response.json({ success: true, ...summary(instance), lifetime_ms: settings.heartbeat_lifetime })
  })

  router.delete('/cluster/deregister/:id', body, async (request, response) => {
    const { id } = request.params
    const removed = await deregister(id, hintOf(readBody(HeartbeatBody, request.body ?? {})), parts)
    response.json({ success: true, instance_id: removed ?? id, removed: removed !== undefined })
  })

  const summary = ({ spec, node }: InstanceBelief) => {
    const standing = fleet.standing(spec.id)
    return {
      service_id: spec.id,
      instance_id: spec.id,
      service_name: spec.service,
      node_id: node,
      address: spec.address,
      port: spec.port,
      status: standing?.status ?? 'registered',
      health_status: standing?.health ?? 'unknown',
    }
  }

  router.use(refusalHandler(log))
  return Object.assign(router, {
    [Symbol.dispose]() {
      namesakes[Symbol.dispose]()
      counts[Symbol.dispose]()
    },
  })
}

/** Counting ten thousand instances takes a while; it is done when somebody asks, and once for each state of the fleet. */
class FreshCounts implements Disposable {
  readonly #fleet: FleetWithRemovals
  readonly #unwatch: () => void
  #counts: Counts | undefined

  constructor(fleet: FleetWithRemovals) {
    this.#fleet = fleet
    this.#unwatch = fleet.watch(() => {
      this.#counts = undefined
    })
  }

  now(): Counts {
    this.#counts ??= countFleet(this.#fleet)
    return this.#counts
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }
}

function remoteOf(request: Request): string {
  return request.socket.remoteAddress ?? ''
}
