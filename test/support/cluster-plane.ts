import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as z from 'zod/mini'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { type ClusterApiOptions, clusterApi } from '#control-plane/ingest/cluster-api/cluster-api.ts'
import { Heartbeats } from '#control-plane/ingest/cluster-api/heartbeats.ts'
import { watchServices } from '#control-plane/ingest/cluster-api/watch-services.ts'
import { ClientsConfig } from '#control-plane/ingest/config.ts'
import type { ClientSample } from '#control-plane/ingest/samples.ts'
import { quiet } from './agents/agents-plane.ts'
import { MemoryJournal } from './store/memory-journal.ts'

export type ClusterPlaneOptions = {
  readonly lifetimeMs?: number
  readonly beats?: Heartbeats
  readonly settings?: object
  readonly fleet?: Fleet
  /** Where metrics and tasks are kept; by default there are none, and none can be. */
  readonly kept?: Partial<Pick<ClusterApiOptions, 'readMetrics' | 'syncTasks' | 'keepImported' | 'hooks'>>
}

/** The registry API over a real fleet, whose journal lives in memory, on a port of its own. */
export async function startClusterPlane(options: ClusterPlaneOptions = {}) {
  const { beats = new Heartbeats(Date.now()), fleet = new Fleet(), lifetimeMs = 300_000 } = options
  const journal = new MemoryJournal(fleet)
  const settings = { ...z.parse(ClientsConfig, options.settings ?? {}), heartbeat_lifetime: lifetimeMs }
  const saved: string[] = []
  const nodesHeard: string[] = []
  const metrics: ClientSample[] = []
  const watched = watchServices({ fleet, settings: settings.zervigo, log: quiet })
  const api = clusterApi({
    fleet,
    record: journal.record,
    beats,
    settings,
    log: quiet,
    version: '0.1.0',
    about: () => ({ datacenters: [{ name: 'zervigo-dc' }], leader: null }),
    agentHeardAt: () => undefined,
    hooks: {
      onHeartbeat: (instance) => saved.push(instance),
      onNodeHeartbeat: (node) => nodesHeard.push(node),
      onMetrics: (samples) => metrics.push(...samples),
    },
    readMetrics: async () => [],
    syncTasks: { add: async () => 'full', get: async () => undefined, list: async () => [] },
    keepImported: async (_table, rows) => rows.map(() => ({ outcome: 'taken' })),
    servicesHealth: watched.now,
    ...options.kept,
  })
  const server = createServer((request, response) => api(request, response, () => response.writeHead(418).end()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    fleet,
    journal,
    beats,
    saved,
    nodesHeard,
    metrics,
    routes: api.routes,
    url,
    /** Sends a body as it is where it is text or bytes, else as JSON; the answer must be JSON. */
    async call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      const init = { method, headers, ...(bytes === undefined ? {} : { body: bytes as string }) }
      const response = await fetch(url + path, init)
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async [Symbol.asyncDispose]() {
      api[Symbol.dispose]()
      await watched[Symbol.asyncDispose]()
      server.close()
      server.closeAllConnections()
    },
  }
}

export type ClusterPlane = Awaited<ReturnType<typeof startClusterPlane>>

/** The registration that real clients send. */
export const realRegistration = {
  service_name: 'zervi-backend',
  service_type: 'auth',
  instance_id: 'zervi-backend-001',
  node_id: 'alibaba-cloud',
  address: '10.1.0.5',
  port: 8080,
  metadata: { version: '1.0', environment: 'production' },
}
