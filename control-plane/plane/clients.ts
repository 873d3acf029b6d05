import type { IncomingMessage } from 'node:http'
import * as z from 'zod/mini'
import { sinkView } from '../api/views.ts'
import { isOpen } from '../config.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { type ClusterApiOptions, clusterApi } from '../ingest/cluster-api/cluster-api.ts'
import { Heartbeats } from '../ingest/cluster-api/heartbeats.ts'
import type { CallHandler } from '../ingest/cluster-api/serve-calls.ts'
import { watchServices } from '../ingest/cluster-api/watch-services.ts'
import { keepImported } from '../journal/former/keep-imported.ts'
import type { ImportStore, SyncTaskStore } from '../journal/store.ts'
import type { Lead } from '../leadership/lead.ts'
import { saySamples } from './exchange.ts'
import type { Intake } from './intake.ts'
import type { PlainClients } from './plain-clients.ts'
import { planeReach } from './reach.ts'
import type { Run } from './run.ts'
import type { Sinks } from './sinks.ts'
import { splitMetrics } from './split-metrics.ts'
import { tenantClients } from './tenant-clients.ts'
import { OfTenants, type Tenants } from './tenants.ts'
import type { Together } from './together.ts'
import type { Truth } from './truth.ts'

export type ClientsParts = Pick<Truth, 'journal' | 'tables'> &
  Pick<Intake, 'overload' | 'beatsToSave' | 'agentHeardAt' | 'takers'> & {
    readonly fleet: Fleet
    readonly store: SyncTaskStore & ImportStore
    readonly sinks: Sinks
    readonly lead: Pick<Lead, 'leader'>
    readonly together: Together
    readonly tenants: Tenants
    /** To which tenant a caller is bound; undefined: to none. */
    readonly tenantOf: (request: IncomingMessage) => string | undefined
    /** Old clients with a listener of their own; undefined: there is none. */
    readonly plain?: Pick<PlainClients, 'limitsOf'> | undefined
  }

/** What clients without an agent say and ask. */
export type Clients = AsyncDisposable & {
  /** When they were last heard of. */
  readonly beats: Heartbeats
  readonly answer: CallHandler
}

export async function serveClients({ config, log, version, startedAt }: Run, parts: ClientsParts): Promise<Clients> {
  const { fleet, journal, tables, store, sinks, lead, overload, beatsToSave, together, takers } = parts
  const settings = config.ingest.clients
  await using stack = new AsyncDisposableStack()
  const beats = new Heartbeats(startedAt)
  await tables.readBeats((saved) => beats.restore(saved))
  together.onFact('beat', z.number(), (instance, at, { behindMs }) => {
    if (at !== undefined && fleet.instances.has(instance)) beats.restore([[instance, at + behindMs]])
  })
  stack.defer(
    fleet.watch(({ instances }) => {
      for (const id of instances) if (!fleet.instances.has(id)) together.tell('beat', id, undefined)
    }),
  )
  const metrics = splitMetrics(tables, together)
  const watched = stack.use(watchServices({ fleet, settings: settings.zervigo, mayReach: planeReach(config), log }))
  const options: ClusterApiOptions = {
    fleet,
    record: journal.record,
    beats,
    settings,
    log,
    version,
    nodesHeardAt: new Map(),
    hooks: {
      onHeartbeat: (instance, at) => {
        if (overload.sheds('beats')) overload.shed('beats', 1)
        else beatsToSave.service(instance, at)
        together.tell('beat', instance, at)
      },
      onNodeHeartbeat(node, at) {
        beatsToSave.node(node, at)
        together.tell('heard', node, at)
      },
      onMetrics: (samples) => {
        if (overload.sheds('metrics')) return overload.shed('metrics', samples.length)
        takers.onSamples(samples, 'client')
        saySamples(together, samples, 'client')
      },
    },
    about: () => {
      const leader = lead.leader()
      const datacenters = sinks.datacenters().map((sink) => sinkView(sink.status()))
      return { datacenters, leader: leader ? { plane: leader.run, holder: leader.holder } : null }
    },
    agentHeardAt: parts.agentHeardAt,
    readMetrics: (query) => metrics.read(query),
    syncTasks: {
      add: (task) => {
        const { most_tasks: tasks, most_megabytes, kept_for: keptMs } = settings.sync
        return store.addSyncTask(task, { tasks, bytes: most_megabytes * 1024 * 1024, keptMs })
      },
      get: store.syncTask,
      list: store.syncTasks,
    },
    keepImported: keepImported(store, config.journal.metrics),
    limits: parts.plain?.limitsOf,
    insecure: isOpen(config.api),
    servicesHealth: watched.now,
    store: () => {
      const { failure, since } = journal.status()
      return failure && { code: failure.code, since: since ?? Date.now() }
    },
  }
  const api = stack.use(clusterApi(options))
  const own = new OfTenants((tenant) =>
    tenantClients(tenant, { ...options, fleet, record: journal.record }, parts.tenants),
  )
  stack.defer(() => {
    for (const each of own.all()) each[Symbol.dispose]()
  })
  const open = stack.move()
  const answer: CallHandler = (request, response, next) => {
    const tenant = parts.tenantOf(request)
    const answering = tenant === undefined ? api : own.of(tenant)
    answering(request, response, next)
  }
  return { beats, answer, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
