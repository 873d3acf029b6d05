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
import type { SinkStatus } from '#control-plane/fleet/sink.ts'
import { DiscoveryConfig } from '#control-plane/foreign/discovery/config.ts'
import { type Discovery, serveDiscovery } from '#control-plane/foreign/discovery/serve.ts'
import { Discoveries } from '#control-plane/ingest/agents/session/discovered.ts'
import { Doings } from '#control-plane/ingest/agents/session/doings.ts'
import { explainOnGateways } from '#control-plane/routing/explain-on-gateways.ts'
import { explainRoute } from '#control-plane/routing/explain-route.ts'
import type { GatewaySeen } from '#control-plane/routing/versions/rollout.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { LintView } from '#shared/protocol/lint.ts'
import { answering } from './answering.ts'
import { noAccess, nobody } from './no-access.ts'
import { noEnvironments } from './no-environments.ts'
import { noUpgrades } from './no-upgrades.ts'
import { apiRouting } from './routing/api-routing.ts'
import { plainEndpoint, plainRoute, plainTable, publishing } from './routing/route-tables.ts'

const tables = publishing(
  plainTable(8090, [plainRoute('/api/crm', 'crm', { path: 'strip' })], { crm: [plainEndpoint(8080)] }),
)

export type ApiPlane = {
  /** What agents said, and what they take; tests say it for them. */
  readonly said: { readonly doings: Doings; readonly takes: Map<string, readonly string[]> }
  readonly address: string
  readonly fleet: Fleet
  readonly record: RecordChange
  /** What the sinks say of themselves; tests move them by hand. */
  readonly sinks: Map<string, SinkStatus>
  /** Owners whose records lie in zervigo-dc, with what cannot be removed. */
  readonly records: Map<string, { readonly records: string[]; readonly left: string[] }>
  /** What is found in each datacenter. */
  readonly lints: Map<string, LintView>
  readonly discovery: Discovery
  /** What gateways say of the versions of the declaration; tests say it for them. */
  readonly gatewaysSay: Map<string, GatewaySeen>
}

/** The control plane's own API over a real fleet, whose journal is a list and whose sinks do as the test says. */
export async function apiPlane(t: Pick<Test, 'teardown'>, changes: readonly Change[]): Promise<ApiPlane> {
  const fleet = new Fleet()
  const entries: JournalEntry[] = []
  const listeners = new Set<() => void>()
  const sinks = new Map<string, SinkStatus>()
  const records: ApiPlane['records'] = new Map()
  const lints: ApiPlane['lints'] = new Map()
  const discovery = serveDiscovery(fleet, z.parse(DiscoveryConfig, {}))
  const begun = Date.now()
  const record: RecordChange = async (change, options) => {
    const entry = { revision: entries.length + 1, event: { version: 1 as const, at: begun, ...options, change } }
    entries.push(entry)
    const [outcome = 'unchanged'] = fleet.apply([entry])
    for (const listener of listeners) listener()
    return outcome
  }
  for (const change of changes) await record(change, { by: 'agent:n-aaaaaaaaaaaa' })
  fleet.markComplete()
  const federation = new Federation(z.parse(FederationConfig, {}), fleet)
  federation.look(1_000_000)
  fleet.watch(() => federation.look(1_000_000))
  const routing = await apiRouting(fleet)
  t.teardown(() => routing[Symbol.asyncDispose]())
  const ofRoute = (name: string) => explainRoute(name, { publisher: tables, fleet, seen: (on) => routing.said.get(on) })
  const discoveries = new Discoveries(() => false)
  const said = { doings: new Doings(), takes: new Map<string, readonly string[]>() }
  const app = express().use(
    express.json(),
    express.Router().use(
      '/v1',
      v1Router({
        fleet,
        record,
        sinks: () =>
          [...sinks.values()].map((status) => ({
            status: () => status,
            explain: () => ({ sink: status.name, state: 'shown' as const, remark: 'as proven' }),
          })),
        routesOf: (service) => [{ stage: 'route:edge/all', state: 'yes', text: `/ leads to ${service}` }],
        explainRequest: (request) => explainOnGateways(request, tables, fleet),
        routing: { ...routing.parts, routing: { ...routing.parts.routing, explainRoute: ofRoute } },
        facts: () => ({ owner: 'main', installation: 'i-1', version: '0.1.0', startedAt: begun, problems: [] }),
        access: noAccess,
        people: nobody,
        ...noEnvironments(fleet),
        ...noUpgrades(fleet),
        fingerprint: async (at = 0) => ({ run: 'r1', revision: at, hash: 'abc' }),
        events: {
          read: async (after, limit) => entries.filter(({ revision }) => revision > after).slice(0, limit),
          revisionAt: async (time) =>
            (entries.find(({ event }) => event.at >= time)?.revision ?? entries.length + 1) - 1,
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
        sweep: async (datacenter, { owner, apply }) => {
          const found = records.get(owner) ?? { records: [], left: [] }
          return datacenter === 'zervigo-dc' ? { datacenter, owner, applied: apply, ...found } : undefined
        },
        approveDeletions: (datacenter) => (datacenter === 'zervigo-dc' ? { datacenter, approved: 7 } : undefined),
        discoveries,
        agents: { doing: (node) => said.doings.of(node), takes: (node) => said.takes.get(node) },
        discovery,
        federation,
        backup: async () => Readable.from([]),
        lint: async (datacenter) => lints.get(datacenter),
        now: () => Date.now(),
      }),
    ),
    notFound,
    problemHandler(createLogger({ name: 'test', level: 'silent' })),
  )
  return {
    address: await answering(t, app),
    fleet,
    record,
    sinks,
    records,
    lints,
    discovery,
    said,
    gatewaysSay: routing.said,
  }
}

export function sinkStatus(name: string, revision: number, over: Partial<SinkStatus> = {}): SinkStatus {
  const kind = name.startsWith('envoy:') ? 'envoy' : name.startsWith('nginx:') ? 'nginx' : 'consul'
  const proven = { revision, at: Date.now() }
  return { name, kind, mode: 'apply', state: 'following', proven, remarks: [], figures: {}, ...over }
}
