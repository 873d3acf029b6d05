import type { Server } from 'node:http'
import { machineId } from '../admin/about.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Identities } from '../identity/identities.ts'
import { type ContactWatch, watchContact } from '../ingest/agents/contact/watch-contact.ts'
import { type AgentSessions, type AgentsHooks, serveAgents, type TenantQuotas } from '../ingest/agents/serve-agents.ts'
import { confirmDeaths, type DeathConfirmation } from '../ingest/agents/vantage/confirm.ts'
import { keepSightings, restoreSightings } from '../ingest/agents/vantage/keep-sightings.ts'
import { Sightings } from '../ingest/agents/vantage/sightings.ts'
import { surveyInstances } from '../ingest/agents/vantage/survey.ts'
import { Overload } from '../ingest/overload.ts'
import { watchLoad } from '../ingest/watch-load.ts'
import { BeatBuffer } from '../journal/tables/beat-buffer.ts'
import type { Lead } from '../leadership/lead.ts'
import { wirePath } from '../replicas/wire/messages.ts'
import type { Routing } from '../routing/start.ts'
import { everywhere } from './everywhere.ts'
import { forgetNodes, saySighting, type Takers, takeElsewhere, tellingHooks } from './exchange.ts'
import { greetBy } from './guests.ts'
import { planeReach } from './reach.ts'
import type { Run } from './run.ts'
import { SlowAgents } from './slow-agents.ts'
import type { Together } from './together.ts'
import type { Truth } from './truth.ts'

export type IntakeParts = Pick<Truth, 'journal' | 'tables' | 'federation'> & {
  readonly fleet: Fleet
  /** Carries the sessions; it need not listen yet. */
  readonly server: Server
  /** Connections to it that nobody has opened yet: who is behind them is not known. */
  readonly atTheDoor: () => number
  readonly routing: Pick<Routing, 'hear' | 'traffic' | 'takeCounters'>
  readonly onGatewayOutcome: AgentsHooks['onGatewayOutcome']
  readonly lead: Pick<Lead, 'leads'>
  /** The sinks that have not proven a revision yet. */
  readonly waitingFor: (revision: number) => readonly string[]
  /** Whether the store has answered lately, whatever was last asked of it. */
  readonly storeAnswers: () => boolean
  /** The planes that share the store, this one included. */
  readonly together: Together
  /** Who is known by certificates, where agents need them. */
  readonly identities: Identities | undefined
  readonly onTrusts: NonNullable<AgentsHooks['onTrusts']>
  /** How much each tenant may have. */
  readonly quotas?: TenantQuotas
}

export type Judges = { readonly contact: ContactWatch; readonly deaths: DeathConfirmation }

/** What happens: agents say it, vantages confirm it. */
export type Intake = AsyncDisposable & {
  /** Of all planes, as far as they concern questions; each serves its own. */
  readonly sessions: AgentSessions
  /** What is done with what agents say, whichever plane hears it. */
  readonly takers: Takers
  /** Who judges contact, and who confirms deaths. */
  readonly judges: Judges
  readonly overload: Overload
  /** When everything was last heard of, for the tables. */
  readonly beatsToSave: BeatBuffer
  /** When the agent of a node was last heard of, epoch milliseconds. */
  readonly agentHeardAt: (node: string) => number | undefined
  /** The event-loop lag of an agent, where it is too much, in milliseconds. */
  readonly slowMs: (node: string) => number | undefined
  /** Writes down who has seen which instance, for the next start. */
  readonly keepSightings: () => Promise<void>
}

export async function startIntake({ config, id, by, log, signal }: Run, parts: IntakeParts): Promise<Intake> {
  const { fleet, server, routing, federation, tables, onGatewayOutcome, together, identities } = parts
  const { record } = parts.journal
  const { leads } = parts.lead
  const settings = config.ingest.agents
  await using stack = new AsyncDisposableStack()
  const beatsToSave = new BeatBuffer()
  const heardAt = new Map<string, number>()
  const overload = new Overload()
  let waitingMs = () => 0
  stack.use(watchLoad(overload, log, () => waitingMs()))
  const takers: Takers = {
    onBeat: (node, at) => heardAt.set(node, Math.max(at, heardAt.get(node) ?? 0)),
    onSamples(samples, teller) {
      // Metrics of a service are added up and written by one plane; those of a node by the one that hears it.
      tables.saveMetrics(samples, ({ instance }) => instance === undefined || together.owns(instance))
      federation.hear(samples, teller)
      routing.hear(samples)
    },
    onGatewayOutcome,
    onCounted: ({ gateway, routes, services }, at) => routing.traffic.count(gateway, routes, at, services),
    onCounters: (node, counters) => routing.takeCounters(node, counters),
  }
  const agentsElsewhere = new Map<string, number>()
  const slow = new SlowAgents(together)
  const local = stack.use(
    serveAgents({
      server,
      shedding: overload,
      fleet,
      record,
      canRecord: () => parts.storeAnswers() && parts.journal.status().state === 'ready',
      replica: id,
      log,
      attachGraceMs: settings.attach_grace,
      hooks: {
        ...tellingHooks(together, takers, (node, at) => beatsToSave.node(node, at), slow),
        onTrusts: parts.onTrusts,
      },
      quotas: parts.quotas,
      waitingFor: parts.waitingFor,
      ...(identities ? { greet: greetBy(identities, log), trust: () => identities.trust } : {}),
      leaves: [wirePath],
      others: { lives: (run) => together.lives(run), heardAt: (node) => agentsElsewhere.get(node), leads },
    }),
  )
  waitingMs = () => local.figures().lateMs
  if (identities) stack.defer(identities.onChange(() => local.judgeAgain()))
  const sessions = everywhere(local, { fleet, together, stop: signal, mayReach: planeReach(config) })
  const sightings = new Sightings()
  const sightingsPath = `${config.journal.path}-sightings`
  await restoreSightings(sightingsPath, sightings)
  const plane = { machine: machineId(), site: config.site }
  const common = { fleet, sessions, sightings, settings: settings.vantages, log }
  takeElsewhere({ together, takers, sessions, sightings, heardAt: agentsElsewhere })
  stack.defer(forgetNodes({ fleet, together, heardAt: [heardAt, agentsElsewhere] }))
  const recordAsLeader: RecordChange = (change, options) => record(change, { ...options, leading: true })
  // Each plane judges the contact of its own nodes; what concerns others, one does.
  const recordContact: RecordChange = (change, options) =>
    change.kind === 'contact-changed' ? record(change, options) : recordAsLeader(change, options)
  const contact = stack.use(
    watchContact({
      fleet,
      record: recordContact,
      sessions,
      arrivals: () => {
        const { opened, unopened } = sessions.figures()
        return { opened, unopened: unopened + parts.atTheDoor() }
      },
      leads,
      settings,
      by,
      log,
    }),
  )
  const owns = (service: string) => together.owns(service)
  stack.use(surveyInstances({ ...common, plane, owns, onSighting: (sighting) => saySighting(together, sighting) }))
  const livesPlane = (run: string) => together.lives(run)
  const deaths = stack.use(confirmDeaths({ ...common, record: recordAsLeader, leads, livesPlane, contact, by }))
  const open = stack.move()
  return {
    sessions,
    takers,
    judges: { contact, deaths },
    overload,
    beatsToSave,
    agentHeardAt: (node) => heardAt.get(node),
    slowMs: (node) => slow.of(node),
    keepSightings: () => keepSightings(sightingsPath, sightings, settings.vantages.valid_for),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
