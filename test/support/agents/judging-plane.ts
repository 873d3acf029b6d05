import { once } from 'node:events'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import * as z from 'zod/mini'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { watchContact } from '#control-plane/ingest/agents/contact/watch-contact.ts'
import { serveAgents } from '#control-plane/ingest/agents/serve-agents.ts'
import { confirmDeaths } from '#control-plane/ingest/agents/vantage/confirm.ts'
import { Sightings } from '#control-plane/ingest/agents/vantage/sightings.ts'
import { surveyInstances } from '#control-plane/ingest/agents/vantage/survey.ts'
import { remoteCheck } from '#control-plane/ingest/agents/vantage/vantage.ts'
import { AgentsConfig } from '#control-plane/ingest/config.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { MemoryJournal } from '../store/memory-journal.ts'

/** One line of what it believes, each time that changes. */
export type PlaneLine = {
  /** Epoch milliseconds. */
  readonly at: number
  /** By instance. */
  readonly routable: Readonly<Record<string, string>>
  readonly deaths: Readonly<Record<string, string>>
  /** How many vantages have seen it. */
  readonly seen: Readonly<Record<string, number>>
  /** By name of the node. */
  readonly contacts: Readonly<Record<string, string>>
  readonly holds: Readonly<Record<string, readonly string[]>>
}

/** A plane that only takes sessions and judges, with the cadences of a real one, and writes what it believes to standard output. */
async function main(address: string, port: number): Promise<void> {
  const stop = stopSignal()
  const log = createLogger({ name: 'judging-plane', level: 'silent' })
  const fleet = new Fleet()
  const { record } = new MemoryJournal(fleet)
  const settings = z.parse(AgentsConfig, {})
  const server = createServer((_request, response) => response.writeHead(404).end()).listen(port, address)
  await once(server, 'listening')
  const hooks = { onBeat() {}, onMetrics() {}, onGatewayOutcome() {}, onCounted() {}, onCounters() {} }
  const sightings = new Sightings()
  await using sessions = serveAgents({
    server,
    fleet,
    record,
    replica: 'plane',
    hooks,
    log,
    attachGraceMs: settings.attach_grace,
  })
  const common = { fleet, record, sessions, by: 'plane:1', log }
  await using contact = watchContact({ ...common, settings })
  await using _survey = surveyInstances({
    ...common,
    sightings,
    settings: settings.vantages,
    plane: { machine: 'plane', site: '' },
  })
  await using _deaths = confirmDeaths({ ...common, contact, sightings, settings: settings.vantages })
  let last = ''
  const tell = () => {
    const line = JSON.stringify(lineOf(fleet, sightings))
    if (line !== last) process.stdout.write(`${JSON.stringify({ at: Date.now(), ...JSON.parse(line) })}\n`)
    last = line
  }
  fleet.watch(tell)
  await repeat(
    async () => tell(),
    { everyMs: 200, afterFailureMs: () => 200 },
    () => {},
    stop,
  )
  server.close()
  server.closeAllConnections()
}

function lineOf(fleet: Fleet, sightings: Sightings): Omit<PlaneLine, 'at'> {
  const byInstance = <T>(value: (id: string) => T): Record<string, T> =>
    Object.fromEntries([...fleet.instances.keys()].map((id) => [id, value(id)]))
  const check = (id: string) => JSON.stringify(remoteCheck(fleet.instances.get(id)?.spec ?? never))
  return {
    routable: byInstance((id) => fleet.standing(id)?.routable ?? ''),
    deaths: Object.fromEntries([...fleet.instances].flatMap(([id, { death }]) => (death ? [[id, death.how]] : []))),
    seen: byInstance((id) => sightings.of(id, check(id), performance.now(), 600_000).length),
    contacts: Object.fromEntries([...fleet.nodes.values()].map(({ spec, contact }) => [spec.name, contact])),
    holds: Object.fromEntries([...fleet.installation.holds].map(([site, { machines }]) => [site, machines])),
  }
}

const never = { id: '', service: '', address: '', port: 0, tags: [], metadata: {}, checks: [] }

if (import.meta.main) {
  const { values } = parseArgs({
    options: { address: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '8888' } },
  })
  await main(values.address, Number(values.port))
}
