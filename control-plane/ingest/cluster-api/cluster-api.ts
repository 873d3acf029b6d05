import type { Logger } from '#shared/logging/logger.ts'
import { planeName } from '#shared/probe/name.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { FleetWithRemovals } from '../agents/session/reconcile.ts'
import type { ClientsConfig } from '../config.ts'
import { readRegistration } from './adapters/adapters.ts'
import { clientAddress } from './address.ts'
import { runBatch } from './batch.ts'
import { readBeat, readHint } from './beat.ts'
import { FleetSummary } from './fleet-summary.ts'
import { Gathered } from './gathered.ts'
import type { Heartbeats } from './heartbeats.ts'
import { type ImportKeeper, importRoute } from './import/import-rows.ts'
import { instanceCalls, operationReader } from './instance-calls.ts'
import { listServices, readListing } from './listing.ts'
import { readMeasurements } from './measurements.ts'
import { answerMetrics, type ReadMetrics, readMetricQuery } from './metrics.ts'
import { Namesakes } from './namesakes.ts'
import { nodeRoutes } from './nodes.ts'
import type { ClientParts, ClientsHooks } from './parts.ts'
import type { Call, Reply, Route } from './route.ts'
import { isoTime } from './row.ts'
import { RowTexts } from './row-texts.ts'
import { type CallHandler, type ServeOptions, serveCalls } from './serve-calls.ts'
import type { ServicesHealth } from './services-health.ts'
import { protectionsOf } from './status.ts'
import { type SyncTaskKeeper, syncRoutes } from './sync-tasks.ts'

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
  readonly agentHeardAt: (node: string) => number | undefined
  readonly readMetrics: ReadMetrics
  readonly syncTasks: SyncTaskKeeper
  /** Where rows of a former registry are kept that are no registrations. */
  readonly keepImported: ImportKeeper
  /** What was last found of the services that `GET /health` reports; it must not take long. */
  readonly servicesHealth: () => ServicesHealth
  /** Why changes cannot be recorded now, and since when, epoch milliseconds; undefined: they can. */
  readonly store?: () => { readonly code: string; readonly since: number } | undefined
  /** What a request may do that came from somebody who is not known; left out: everybody may do all. */
  readonly limits?: ServeOptions['limits']
  /** Whoever reaches the plane may do everything, without TLS. */
  readonly insecure?: boolean
  /** The fleet is what one tenant sees of it: what it does not see any more may still be there. */
  readonly isPart?: boolean
  /** When nodes without an agent were last heard of, epoch milliseconds, where several answer for them. */
  readonly nodesHeardAt?: Map<string, number>
}

/** The registry API that clients without an agent call. Closing it only stops it from following the fleet. */
export function clusterApi(
  options: ClusterApiOptions,
): CallHandler & Disposable & { readonly routes: readonly Route[] } {
  const { fleet, settings, log } = options
  const namesakes = new Namesakes(fleet)
  const summary = new FleetSummary(fleet)
  const texts = new RowTexts(fleet)
  const nodesHeardAt = options.nodesHeardAt ?? new Map<string, number>()
  const forgetting = fleet.watch(({ instances, nodes }) => {
    for (const id of instances) if (!options.isPart && !fleet.instances.has(id)) options.beats.forget(id)
    for (const id of nodes) if (!options.isPart && !fleet.nodes.has(id)) nodesHeardAt.delete(id)
  })
  const parts: ClientParts = { ...options, namesakes, joining: new Map() }
  const routes: readonly Route[] = [
    // The first is asked for most often.
    ...instanceRoutes(options, parts),
    ...fleetRoutes(options, summary, texts),
    ...syncRoutes(options.syncTasks),
    importRoute(parts, options.keepImported, settings.most_batch_kib * 1024),
    ...nodeRoutes({ ...options, summary, heardAt: nodesHeardAt }),
  ]
  const handler = serveCalls({
    routes,
    prefix: '/cluster',
    mostBytes: settings.most_body_kib * 1024,
    ready: () => fleet.complete,
    limits: options.limits,
    log,
  })
  return Object.assign(handler, {
    routes,
    [Symbol.dispose]() {
      forgetting()
      namesakes[Symbol.dispose]()
      summary[Symbol.dispose]()
      texts[Symbol.dispose]()
    },
  })
}

function instanceRoutes({ settings, log, readMetrics }: ClusterApiOptions, parts: ClientParts): readonly Route[] {
  const { fleet, namesakes } = parts
  const named = (id: string) => namesakes.of(id).map(({ spec: { service, address } }) => ({ service, address }))
  const servicesOf = ({ parameters: [id = ''] }: Call) => named(id)
  const { registered, beaten, deregistered, measured } = instanceCalls(parts)
  return [
    {
      methods: ['POST', 'PUT'],
      path: '/cluster/heartbeat/:id',
      conditional: true,
      plain: servicesOf,
      answer: ({ parameters: [id = ''], body, ifMatch }) => beaten(id, readBeat(body, Date.now()), ifMatch),
    },
    {
      methods: ['POST', 'PUT'],
      path: '/cluster/register',
      conditional: true,
      plain: ({ body, from }) => {
        const { service, address, id } = readRegistration(body === undefined ? {} : body)
        const there = { service, address: clientAddress(address, from).address }
        return id === undefined ? [there] : [there, ...named(id)]
      },
      answer: ({ body, from, ifMatch }) => registered(readRegistration(body === undefined ? {} : body), from, ifMatch),
    },
    {
      methods: ['DELETE', 'POST'],
      path: '/cluster/deregister/:id',
      conditional: true,
      plain: servicesOf,
      answer: ({ parameters: [id = ''], body, ifMatch }) => deregistered(id, readHint(body), ifMatch),
    },
    {
      methods: ['POST'],
      path: '/cluster/metrics/:id',
      plain: servicesOf,
      answer: ({ parameters: [id = ''], body }) => measured(id, readMeasurements(body, Date.now())),
    },
    {
      methods: ['GET'],
      path: '/cluster/metrics/:id',
      answer: async ({ parameters: [id = ''], query }) => ({
        status: 200,
        body: await answerMetrics(readMetricQuery(id, query, Date.now()), readMetrics, fleet),
      }),
    },
    {
      methods: ['POST'],
      path: '/cluster/batch',
      mostBytes: settings.most_batch_kib * 1024,
      answer: async ({ body, from }) => {
        using gathered = new Gathered(parts.record)
        const read = operationReader(instanceCalls({ ...parts, record: gathered.record }), from)
        return await runBatch(body, read, () => gathered.release(), log)
      },
    },
  ]
}

function fleetRoutes(options: ClusterApiOptions, summary: FleetSummary, texts: RowTexts): readonly Route[] {
  const { fleet, beats, settings, version, about } = options
  const heardAt = (id: string) => {
    const instance = fleet.instances.get(id)
    return instance?.origin === 'agent' ? options.agentHeardAt(instance.node) : beats.lastOf(id)
  }
  const status = (): Reply => {
    const { complete, revision } = fleet
    const body = { status: 'ok', complete, revision, ...summary.counts(), ...about(), ...protectionsOf(fleet) }
    return { status: 200, body }
  }
  const health = (): Reply => {
    const trouble = options.store?.()
    // Whoever only reads is still served, so the answer stays 200.
    const state = trouble ? 'degraded' : 'healthy'
    const store = trouble
      ? { state: 'unavailable', code: trouble.code, since: isoTime(trouble.since) }
      : { state: 'ready' }
    const body = {
      status: fleet.complete ? state : 'starting',
      service: settings.service_name,
      // Its name is a setting: by this, agents on its host know it for what it is.
      software: planeName,
      version,
      timestamp: isoTime(Date.now()),
      revision: fleet.revision,
      // Whoever looks is to see it without knowing what it should be.
      ...(options.insecure ? { insecure: true } : {}),
      store,
      zervigo_services: options.servicesHealth(),
    }
    return { status: fleet.complete ? 200 : 503, body }
  }
  return [
    { methods: ['GET'], path: '/health', early: true, plain: () => [], answer: health },
    { methods: ['GET'], path: '/cluster/status', answer: status },
    // What a cluster manager asks: how the cluster is of which its node is one.
    { methods: ['GET'], path: '/cluster/nodes/status', answer: status },
    {
      methods: ['GET'],
      path: '/cluster/services',
      answer: ({ query }) => ({
        status: 200,
        body: listServices(readListing(query), { summary, texts }, heardAt),
      }),
    },
  ]
}
