import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { RecordChange } from '#control-plane/fleet/record.ts'
import { watchContact } from '#control-plane/ingest/agents/contact/watch-contact.ts'
import { type AgentSessions, serveAgents } from '#control-plane/ingest/agents/serve-agents.ts'
import { confirmDeaths } from '#control-plane/ingest/agents/vantage/confirm.ts'
import { Sightings } from '#control-plane/ingest/agents/vantage/sightings.ts'
import { type SightingHere, surveyInstances } from '#control-plane/ingest/agents/vantage/survey.ts'
import type { IngestConfig } from '#control-plane/ingest/config.ts'
import { expiredOrders } from '#control-plane/ingest/expired-orders.ts'
import { expired, reapable } from '#control-plane/ingest/lifecycle.ts'
import { recordAll } from '#control-plane/ingest/propose.ts'
import type { JournalConfig } from '#control-plane/journal/config.ts'
import { type Journal, openJournal } from '#control-plane/journal/open-journal.ts'
import { LeadershipKeeper } from '#control-plane/leadership/keep-leadership.ts'
import { leadOf } from '#control-plane/leadership/lead.ts'
import type { MirrorConfig } from '#control-plane/mirror/config.ts'
import { type Mirror, startMirror } from '#control-plane/mirror/serve.ts'
import { everywhere } from '#control-plane/plane/everywhere.ts'
import { saySighting, takeElsewhere, tellingHooks } from '#control-plane/plane/exchange.ts'
import { leave, spreadAnew } from '#control-plane/plane/leave.ts'
import { SlowAgents } from '#control-plane/plane/slow-agents.ts'
import { Together } from '#control-plane/plane/together.ts'
import { whileLeading } from '#control-plane/plane/while-leading.ts'
import { Replicas } from '#control-plane/replicas/keep-replicas.ts'
import { wirePath } from '#control-plane/replicas/wire/messages.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { aborted } from '#shared/lifecycle/stop-signal.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { acceptUpgrade } from '../edges/ws.ts'
import { databaseClient, type SharedStore } from '../models/database-client.ts'
import { networkOf } from '../models/surroundings.ts'
import { type Machine, Process } from '../time/world.ts'

export type PlaneSettings = {
  readonly ingest: IngestConfig
  readonly journal: JournalConfig
  readonly mirror: MirrorConfig
  readonly installation: string
  readonly owner: string
}

export type PlaneOptions = {
  readonly name: string
  readonly machine: Machine
  readonly port: number
  /** `machine:port` of its database. */
  database: string
  readonly settings: PlaneSettings
  readonly log: Logger
  /** Hears of a run that ended by an error. */
  readonly onFailed: (error: unknown) => void
}

/** What there is to see of a plane while it runs. */
export type PlaneParts = {
  readonly run: string
  readonly fleet: Fleet
  readonly leadership: LeadershipKeeper
  journal?: Journal
  sessions?: AgentSessions
  /** Undefined while it does not lead. */
  mirror?: () => Mirror | undefined
}

/** After which a supervisor starts it again. */
const restartMs = 1_000

const ignore = (): undefined => undefined

type Term = {
  readonly epoch: number
  readonly takeover: boolean
  readonly silent: Set<string>
  readonly stop: AbortSignal
}

/** A replica of the plane: the product's parts as main joins them, on a simulated machine, started again whenever it ends. */
export class Plane {
  readonly options: PlaneOptions
  process: Process | undefined
  parts: PlaneParts | undefined
  /** Whether a supervisor starts it when it is down. */
  wanted = true
  starts = 0
  #stop: AbortController | undefined
  readonly #runs = new WeakMap<Process, string>()
  readonly #endedAt = new Map<string, number>()

  constructor(options: PlaneOptions) {
    this.options = options
  }

  get address(): string {
    return `${this.options.machine.name}:${this.options.port}`
  }

  get alive(): boolean {
    return this.process !== undefined && this.process.state !== 'dead'
  }

  start(): void {
    const { machine, name, onFailed } = this.options
    if (this.alive || !machine.on) return
    this.starts += 1
    const process = new Process(machine, name)
    this.process = process
    this.parts = undefined
    const stop = new AbortController()
    this.#stop = stop
    process.onEnd.add(() => {
      machine.world.after(restartMs, () => this.wanted && this.start())
    })
    process.do(() => {
      this.#run(process, stop.signal).then(
        () => process.end(),
        (error: unknown) => {
          onFailed(error)
          process.end()
        },
      )
    })
  }

  /** As systemd stops it. */
  stop(): void {
    const { process } = this
    process?.do(() => this.#stop?.abort())
  }

  async #run(process: Process, asked: AbortSignal): Promise<void> {
    const ended = new AbortController()
    const stop = ended.signal
    const { settings, log, machine, name } = this.options
    const { world } = process
    const run = `run-${world.random.bytes(6).toString('hex')}`
    const by = `plane:${run}`
    this.#runs.set(process, run)
    process.onEnd.add(() => this.#endedAt.set(run, world.now))
    const fleet = new Fleet((error) => world.break(error))
    const store = databaseClient(process, this.options.database)
    await reach(store, asked)
    if (asked.aborted) return
    await using leadership = new LeadershipKeeper({ row: store, run, holder: name, log })
    const lead = leadOf(leadership)
    const parts: PlaneParts = { run, fleet, leadership }
    this.parts = parts
    const place = { machine: machine.name, site: machine.site }
    const api = `http://${this.address}`
    const self = { run, holder: name, api, key: world.random.bytes(32).toString('hex'), ...place, version: '1.0.0' }
    await using replicas = new Replicas({ rows: store, self, revision: () => fleet.revision, log })
    await using journal = await openJournal({ store, fleet, config: settings.journal, log, signal: stop, lead })
    const { record } = journal
    const recordAsLeader: RecordChange = (change, options) => record(change, { ...options, leading: true })
    await journal.load()
    parts.journal = journal
    fleet.markComplete()

    const server = new EventEmitter() as unknown as Server
    const { agents, clients } = settings.ingest
    await using together = new Together({ server, replicas, shared: true, log })
    const heardAt = new Map<string, number>()
    const takers = {
      onBeat: ignore,
      onSamples: ignore,
      onGatewayOutcome: ignore,
      onCounted: ignore,
      onCounters: ignore,
    }
    const others = {
      lives: (other: string) => together.lives(other),
      heardAt: (node: string) => heardAt.get(node),
      leads: lead.leads,
    }
    await using local = serveAgents({
      server,
      fleet,
      record,
      replica: run,
      log,
      attachGraceMs: agents.attach_grace,
      hooks: tellingHooks(together, takers, ignore, new SlowAgents(together)),
      leaves: [wirePath],
      others,
    })
    const sightings = new Sightings()
    this.#restoreSightings(sightings)
    const sessions = everywhere(local, { fleet, together, stop })
    takeElsewhere({ together, takers, sessions, sightings, heardAt })
    parts.sessions = sessions
    const { leads } = lead
    // Each plane judges the contact of its own nodes; what concerns others, one does.
    const recordContact: RecordChange = (change, options) =>
      change.kind === 'contact-changed' ? record(change, options) : recordAsLeader(change, options)
    await using contact = watchContact({ fleet, record: recordContact, sessions, settings: agents, by, log, leads })
    const looking = { fleet, sessions, sightings, settings: agents.vantages, log }
    const spread = {
      owns: (service: string) => together.owns(service),
      onSighting: (sighting: SightingHere) => saySighting(together, sighting),
    }
    const livesPlane = (run: string) => together.lives(run)
    await using _survey = surveyInstances({ ...looking, ...spread, plane: place })
    await using _confirm = confirmDeaths({ ...looking, record: recordAsLeader, contact, by, leads, livesPlane })
    const silent = new Set<string>()
    await using mirrors = whileLeading(
      lead,
      (epoch, takeover) => this.#mirror(parts, { epoch, takeover, silent, stop }),
      log,
    )
    parts.mirror = mirrors.now
    const timetable = repeat(
      async () => {
        this.#keepSightings(sightings)
        spreadAnew({ replicas, sessions, log })
        if (!leads()) return
        const now = Date.now()
        const reap = { deadForMs: agents.reaped_after, silentForMs: clients.reaped_after }
        const proposals = [...expired(fleet, now), ...expiredOrders(fleet, now), ...reapable(fleet, now, reap, ignore)]
        await recordAll(proposals, recordAsLeader, by, log)
      },
      { everyMs: 5_000, afterFailureMs: () => 5_000 },
      ignore,
      stop,
    )
    this.#listen(process, server)
    replicas.announce(() => sessions.figures().sessions)
    await aborted(asked)
    await leave({ replicas, sessions, log })
    ended.abort()
    await timetable
  }

  /** What only the leader does, as `plane/sinks.ts` starts it. */
  #mirror(
    { run, fleet, leadership }: PlaneParts,
    { epoch, takeover: isTakeover, silent, stop }: Term,
  ): Promise<Mirror> {
    const { settings, log } = this.options
    const lead = leadOf(leadership)
    const installation = {
      id: settings.installation,
      owner: settings.owner,
      run,
      epoch,
      takeover: (other: string) => silent.has(other) || (isTakeover && lead.hasSeenLead(other)),
      raiseAbove: (above: number, other: string) => {
        silent.add(other)
        lead.raiseAbove?.(above)
      },
    }
    const leads = () => lead.leads() && lead.epoch() === epoch
    return startMirror(settings.mirror, { fleet, log, signal: stop, installation, leads })
  }

  /** When a run of it ended; undefined: it has not, or it is none of it. */
  endedAt(run: string): number | undefined {
    return this.#endedAt.get(run)
  }

  /** The run that a process is or was. */
  runOf(process: Process): string | undefined {
    return this.#runs.get(process)
  }

  /** Takes connections of agents from now on. */
  #listen(process: Process, server: Server): void {
    networkOf(process.world).listen(this.address, {
      process,
      accept: (end, upgrade) => acceptUpgrade(server, end, upgrade),
    })
  }

  #keepSightings(sightings: Sightings): void {
    const { machine, name, settings } = this.options
    const { valid_for } = settings.ingest.agents.vantages
    const text = JSON.stringify(sightings.stored(performance.now(), Date.now(), valid_for))
    const content = Buffer.from(text)
    machine.files.set(`${name}/sightings`, { content, durable: content })
  }

  #restoreSightings(sightings: Sightings): void {
    const { machine, name } = this.options
    const file = machine.files.get(`${name}/sightings`)
    if (file) sightings.restore(JSON.parse(file.content.toString()), performance.now(), Date.now())
  }
}

async function reach(store: SharedStore, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const answered = await store.head().then(
      () => true,
      () => false,
    )
    if (answered) return
    await pause(1_000, stop)
  }
}
