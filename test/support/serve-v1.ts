import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import express from 'express'
import type { Test } from 'tap'
import * as z from 'zod/mini'
import { notFound, problemHandler } from '#control-plane/api/problem.ts'
import { Readers } from '#control-plane/api/readers.ts'
import { v1Router } from '#control-plane/api/v1.ts'
import { FederationConfig } from '#control-plane/federation/config.ts'
import { Federation } from '#control-plane/federation/federation.ts'
import type { Change, JournalEntry } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { RecordChange } from '#control-plane/fleet/record.ts'
import type { Sink } from '#control-plane/fleet/sink.ts'
import { DiscoveryConfig } from '#control-plane/foreign/discovery/config.ts'
import { serveDiscovery } from '#control-plane/foreign/discovery/serve.ts'
import { Discoveries } from '#control-plane/ingest/agents/session/discovered.ts'
import { Doings } from '#control-plane/ingest/agents/session/doings.ts'
import { explainOnGateways } from '#control-plane/routing/explain-on-gateways.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { noAccess, nobody } from './no-access.ts'
import { noEnvironments } from './no-environments.ts'
import { noUpgrades } from './no-upgrades.ts'
import { apiRouting } from './routing/api-routing.ts'
import { plainEndpoint, plainRoute, plainTable, publishing } from './routing/route-tables.ts'

const tables = publishing(
  plainTable(8090, [plainRoute('/api/crm', 'crm', { path: 'strip' })], { crm: [plainEndpoint(8080)] }),
)

export const node = {
  id: 'n-aaaaaaaaaaaa',
  name: '节点一',
  machine: 'm1',
  incarnation: 1,
  address: '127.0.0.1',
  site: 'tencent',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [{ gateway: 'edge', proxy: 'nginx' as const }],
}

export const spec = {
  id: 'basic-server-00000001',
  service: 'basic-server',
  address: '127.0.0.1',
  port: 8080,
  tags: [],
  metadata: {},
  checks: [],
}

export const joined: readonly Change[] = [
  { kind: 'node-joined', node },
  { kind: 'node-attached', node: node.id, attachment: { replica: 'r1', session: 's1' } },
  { kind: 'registered', instance: spec.id, spec, node: node.id, origin: 'agent' },
]

/** A sink that shows whatever the fleet has, as far as the API is concerned: its edge, not its work. */
export function sink(name: string, state: 'shown' | 'absent'): Sink {
  return {
    status: () => ({
      name,
      kind: 'consul',
      mode: 'apply',
      state: 'following',
      proven: { revision: 3, at: 0 },
      remarks: [],
      figures: {},
    }),
    explain: () => ({ sink: name, state, remark: 'as proven' }),
  }
}

/** The API over a real fleet whose journal is a list. */
export async function serveApi(t: Test, changes: readonly Change[], sinks: readonly Sink[] = []) {
  const fleet = new Fleet()
  const entries: JournalEntry[] = []
  const listeners = new Set<() => void>()
  const record: RecordChange = async (change, options) => {
    const entry = {
      revision: entries.length + 1,
      event: { version: 1 as const, at: 1_000_000 + entries.length, ...options, change },
    }
    entries.push(entry)
    const [outcome = 'unchanged'] = fleet.apply([entry])
    for (const listener of listeners) listener()
    return outcome
  }
  for (const change of changes) await record(change, { by: 'agent:test' })
  fleet.markComplete()
  const federation = new Federation(z.parse(FederationConfig, {}), fleet)
  federation.look(1_000_000)
  fleet.watch(() => federation.look(1_000_000))
  const routing = await apiRouting(fleet)
  t.teardown(() => routing[Symbol.asyncDispose]())
  const discoveries = new Discoveries(() => false)
  const said = { doings: new Doings(), takes: new Map<string, readonly string[]>() }
  const app = express()
  app.use(express.json())
  app.use(
    '/v1',
    v1Router({
      fleet,
      record,
      sinks: () => sinks,
      routesOf: () => [{ stage: 'route:edge/basic', state: 'yes', text: '/api/ leads to basic-server' }],
      explainRequest: (request) => explainOnGateways(request, tables, fleet),
      routing: routing.parts,
      facts: () => ({ owner: 'heddle', installation: 'i1', version: '0.1.0', startedAt: 0, problems: [] }),
      fingerprint: async (at = 0) => ({ run: 'r1', revision: at, hash: 'abc' }),
      events: {
        read: async (after, limit) => entries.filter(({ revision }) => revision > after).slice(0, limit),
        revisionAt: async (time) => (entries.find(({ event }) => event.at >= time)?.revision ?? entries.length + 1) - 1,
        newest: () => entries.length,
        readers: new Readers(),
        onAppend: (listener) => {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      },
      stateAt: async (revision) => {
        const past = new Fleet()
        past.apply(entries.filter((entry) => entry.revision <= revision))
        return past.state()
      },
      sweep: async (name, { owner, apply }) =>
        name === 'zervigo-dc' ? { datacenter: name, owner, applied: apply, records: [], left: [] } : undefined,
      approveDeletions: (name) => (name === 'zervigo-dc' ? { datacenter: name, approved: 0 } : undefined),
      discoveries,
      agents: { doing: (node) => said.doings.of(node), takes: (node) => said.takes.get(node) },
      discovery: serveDiscovery(fleet, z.parse(DiscoveryConfig, {})),
      federation,
      backup: async () => Readable.from([]),
      access: noAccess,
      people: nobody,
      ...noEnvironments(fleet),
      ...noUpgrades(fleet),
      lint: async (datacenter) =>
        datacenter === 'zervigo-dc' ? { datacenter, examined: 0, beyond: 0, not_probed: 0, findings: [] } : undefined,
      now: () => 5_000,
    }),
  )
  app.use(notFound, problemHandler(createLogger({ name: 'test', level: 'silent' })))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const send = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      etag: answer.headers.get('etag') ?? '',
      link: answer.headers.get('link'),
      json: text === '' ? undefined : JSON.parse(text),
    }
  }
  return { app, base, fleet, record, send, said, routing, discoveries }
}
