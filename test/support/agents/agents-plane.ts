import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as z from 'zod/mini'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { RecordChange } from '#control-plane/fleet/record.ts'
import { type ContactWatch, watchContact } from '#control-plane/ingest/agents/contact/watch-contact.ts'
import { type AgentSessions, type AgentsHooks, serveAgents } from '#control-plane/ingest/agents/serve-agents.ts'
import { confirmDeaths } from '#control-plane/ingest/agents/vantage/confirm.ts'
import { Sightings } from '#control-plane/ingest/agents/vantage/sightings.ts'
import { surveyInstances } from '#control-plane/ingest/agents/vantage/survey.ts'
import { AgentsConfig } from '#control-plane/ingest/config.ts'
import { createLogger, type Logger } from '#shared/logging/logger.ts'
import type { Counted } from '#shared/protocol/traffic.ts'
import { MemoryJournal } from '../store/memory-journal.ts'

export const quiet: Logger = createLogger({ name: 'test', level: 'silent' })

/** Cadences at which a test need not wait long. Milliseconds. */
export const quick = { beatMs: 100, suspectMs: 200, graceMs: 1_500, holdMs: 1_500, askMs: 300, surveyMs: 400 }

/** The settings of agents, with the quick cadences. */
export const quickSettings: AgentsConfig = {
  ...z.parse(AgentsConfig, {}),
  suspect_after: quick.suspectMs,
  grace: quick.graceMs,
  hold: { window: 10_000, share: 0.15, at_most: quick.holdMs },
  vantages: { survey_every: quick.surveyMs, valid_for: 600_000, ask_every: quick.askMs, agents: 2, at_once: 50 },
}

export type Judges = AsyncDisposable & { readonly contact: ContactWatch }

/** Everything that judges contact, holds and deaths, as main puts it together. */
export function startJudges({ fleet, journal, sessions }: Pick<AgentsPlane, 'fleet' | 'journal' | 'sessions'>): Judges {
  const { record } = journal
  const common = { fleet, record, sessions, by: 'plane:1', log: quiet }
  const contact = watchContact({ ...common, settings: quickSettings, beatMs: quick.beatMs })
  const sightings = new Sightings()
  const settings = quickSettings.vantages
  const survey = surveyInstances({ ...common, sightings, settings, plane: { machine: 'plane', site: '' } })
  const deaths = confirmDeaths({ ...common, contact, sightings, settings })
  return {
    contact,
    async [Symbol.asyncDispose]() {
      await deaths[Symbol.asyncDispose]()
      await survey[Symbol.asyncDispose]()
      await contact[Symbol.asyncDispose]()
    },
  }
}

export type AgentsPlane = AsyncDisposable & {
  readonly url: string
  readonly server: Server
  readonly fleet: Fleet
  readonly journal: MemoryJournal
  readonly sessions: AgentSessions
  readonly heard: {
    readonly beats: string[]
    readonly metrics: { readonly node: string; readonly name: string; readonly value: number }[]
    readonly outcomes: { readonly gateway: string; readonly node: string; readonly state: string }[]
    readonly counted: { readonly gateway: string; readonly routes: Counted['routes'] }[]
  }
}

/** A server that takes agents' sessions into a real fleet, on a port of its own. */
export async function startAgentsPlane({
  fleet = new Fleet(),
  record,
  attachGraceMs = 15_000,
  pingMs = 10_000,
  address = '127.0.0.1',
  canRecord = () => true,
}: {
  readonly fleet?: Fleet
  /** Of a real journal; by default one in memory. */
  readonly record?: RecordChange
  readonly attachGraceMs?: number
  readonly pingMs?: number
  readonly address?: string
  readonly canRecord?: () => boolean
} = {}): Promise<AgentsPlane> {
  const journal = new MemoryJournal(fleet)
  const server = createServer((_request, response) => response.writeHead(404).end())
  const heard: AgentsPlane['heard'] = { beats: [], metrics: [], outcomes: [], counted: [] }
  const hooks: AgentsHooks = {
    onBeat: (node) => heard.beats.push(node),
    onMetrics: (node, metrics) => heard.metrics.push(...metrics.map(({ name, value }) => ({ node, name, value }))),
    onGatewayOutcome: (gateway, node, { state }) => heard.outcomes.push({ gateway, node, state }),
    onCounted: ({ gateway, routes }) => heard.counted.push({ gateway, routes }),
    onCounters() {},
  }
  const sessions = serveAgents({
    server,
    fleet,
    record: record ?? journal.record,
    canRecord,
    replica: 'plane-1',
    hooks,
    log: quiet,
    pingMs,
    attachGraceMs,
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address}:${port}`,
    server,
    fleet,
    journal,
    sessions,
    heard,
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]()
      server.close()
      server.closeAllConnections()
    },
  }
}
