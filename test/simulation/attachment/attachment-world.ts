import '../edges/replace-edges.ts'
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { pino } from 'pino'
import type { Fleet as FleetClass } from '#control-plane/fleet/fleet.ts'
import type { AgentSessions } from '#control-plane/ingest/agents/serve-agents.ts'
import type { Journal } from '#control-plane/journal/open-journal.ts'
import type { Health } from '#shared/protocol/check.ts'
import type { WebSocket as SimulatedSocket } from '../edges/ws.ts'
import { type Exploration, type World as Explored, explore, type Step } from '../explore.ts'
import { Machine, Process, World } from '../time/world.ts'

// What stands on the edges must not be loaded before they are replaced.
const { Fleet } = await import('#control-plane/fleet/fleet.ts')
const { serveAgents } = await import('#control-plane/ingest/agents/serve-agents.ts')
const { watchContact } = await import('#control-plane/ingest/agents/contact/watch-contact.ts')
const { IngestConfig } = await import('#control-plane/ingest/config.ts')
const { JournalConfig } = await import('#control-plane/journal/config.ts')
const { openJournal } = await import('#control-plane/journal/open-journal.ts')
const { decodeEntry } = await import('#control-plane/journal/stored-event.ts')
const { DatabaseModel } = await import('../models/database.ts')
const { databaseClient } = await import('../models/database-client.ts')
const { networkOf } = await import('../models/surroundings.ts')
const { WebSocket, acceptUpgrade } = await import('../edges/ws.ts')

/** What the agent does by itself, in this order; each begins when the explorer lets it. */
export type Deed =
  /** It opens a session with a plane, says everything there, and leaves the one that it had as soon as it is welcome. */
  | { readonly kind: 'goes to'; readonly plane: number }
  /** A check of it finds something else. */
  | { readonly kind: 'finds'; readonly health: Health }
  /** A plane ends without a word. */
  | { readonly kind: 'dies'; readonly plane: number }
  /** So much time passes. */
  | { readonly kind: 'time passes'; readonly ms: number }

const node = 'n-aaaaaaaaaaaa'
const instance = 'crm-1'
const spec = { id: instance, service: 'crm', address: '198.51.100.1', port: 8000, tags: [], metadata: {}, checks: [] }
const silent = pino({ level: 'silent' })
const database = '203.0.113.1:5432'
const planeAddress = (plane: number) => `203.0.113.${20 + plane}:8888`

/** Walks all that these deeds may lead to. */
export function exploreAttachment(deeds: readonly Deed[], planes = 2): Promise<Exploration> {
  return explore(() => AttachmentWorld.open(deeds, planes), 0)
}

type PlaneHere = { readonly process: Process; readonly fleet: FleetClass; journal?: Journal; sessions?: AgentSessions }
type Way = { readonly name: string; readonly waiting: { readonly label: string; readonly arrive: () => void }[] }

/**
 * One agent and some planes over one journal: the product's sessions, reducer and journal, with every order in which what is on its way
 * may arrive. What goes one way keeps its order; nothing else does.
 */
class AttachmentWorld implements Explored {
  readonly #world = new World(1)
  readonly #planes: PlaneHere[] = []
  readonly #database: InstanceType<typeof DatabaseModel>
  readonly #agent: AgentHere
  readonly #ways: Way[] = []
  readonly #wayOf = new Map<object, Way>()
  readonly #deeds: Deed[]
  readonly #oracle = new Fleet()
  #error: unknown

  static async open(deeds: readonly Deed[], planes: number): Promise<AttachmentWorld> {
    const explored = new AttachmentWorld(deeds, planes)
    await explored.#settle(beginsWithinMs)
    explored.#agent.deed({ kind: 'goes to', plane: 0 })
    await explored.#settle(beginsWithinMs)
    explored.#begin()
    return explored
  }

  private constructor(deeds: readonly Deed[], planes: number) {
    this.#deeds = [...deeds]
    const world = this.#world
    const network = networkOf(world)
    const machine = (name: string) => {
      const made = new Machine(world, name, 'tencent')
      network.add(made)
      return made
    }
    const server = new Process(machine('203.0.113.1'), 'database')
    this.#database = new DatabaseModel(server, 'one', {
      onCommitted: (entries) => {
        for (const entry of entries.map(decodeEntry)) this.#judge(entry)
      },
      onLeadership: () => {},
    })
    this.#database.flushMs = [0, 0]
    this.#database.busyMs = [0, 0]
    network.listen(database, {
      process: server,
      accept: (end, hello) => this.#database.listen(end, (hello as { hear: (revision: number) => void }).hear),
      serve: (query, answer) => this.#database.serve(query as never, answer),
    })
    for (let plane = 0; plane < planes; plane += 1) {
      const process = new Process(machine(`203.0.113.${20 + plane}`), `plane ${plane}`)
      const here: PlaneHere = { process, fleet: new Fleet() }
      this.#planes.push(here)
      process.do(() => void this.#start(here, plane))
    }
    this.#agent = new AgentHere(new Process(machine('198.51.100.1'), 'agent'))
  }

  get waiting(): readonly number[] {
    const ways = this.#ways.flatMap(({ waiting }, at) => (waiting.length > 0 ? [at + 1] : []))
    return this.#deeds.length > 0 ? [0, ...ways] : ways
  }

  async step({ actor }: Step): Promise<void> {
    if (actor === 0) this.#do(this.#deeds.shift())
    else this.#ways[actor - 1]?.waiting.shift()?.arrive()
    await this.#settle(stepMs)
    if (this.#error !== undefined) throw this.#error
  }

  fingerprint(): string {
    const planes = this.#planes.map(({ process, fleet, sessions }) => {
      const sign = process.state === 'dead' ? undefined : process.within(() => sessions?.sign(node))
      return [process.state, fleet.state(), sign?.kind]
    })
    const ways = this.#ways.map(({ name, waiting }) => [name, waiting.map(({ label }) => label)])
    const whole = JSON.stringify([planes, ways, this.#database.entries, this.#deeds, this.#agent.state])
    return createHash('sha1').update(named(whole)).digest('base64')
  }

  /** Once nothing is on its way: one plane has the session, all believe it, and what was said last counts. */
  async end(): Promise<void> {
    networkOf(this.#world).carrier = undefined
    // What waits for its time, such as a look at the journal that nobody announced.
    await this.#settle(3_000)
    const living = this.#planes.filter(({ process }) => process.state !== 'dead')
    const holders = living.filter(({ process, sessions }) => process.within(() => sessions?.sign(node).kind === 'live'))
    if (holders.length !== 1) throw new Error(`${holders.length} planes have the session at the end`)
    for (const { process, fleet } of living) {
      const believed = fleet.instances.get(instance)
      if (believed?.health !== this.#agent.health)
        throw new Error(`${process.name} believes ${believed?.health}, the agent found ${this.#agent.health}`)
      const attached = fleet.nodes.get(node)
      if (attached?.contact !== 'connected')
        throw new Error(`${process.name} believes that contact is ${attached?.contact}`)
      if (attached.attachment?.replica !== holders[0]?.process.name)
        throw new Error(`${process.name} believes it is with ${attached.attachment?.replica}`)
    }
    if (this.#error !== undefined) throw this.#error
  }

  /** From now on nothing arrives by itself. */
  #begin(): void {
    networkOf(this.#world).carrier = ({ way, label, arrive }) => {
      let known = this.#wayOf.get(way)
      if (!known) {
        known = { name: `way ${this.#ways.length}`, waiting: [] }
        this.#wayOf.set(way, known)
        this.#ways.push(known)
      }
      known.waiting.push({ label, arrive })
    }
  }

  async #start(here: PlaneHere, place: number): Promise<void> {
    const { process, fleet } = here
    const store = databaseClient(process, database)
    const { signal } = new AbortController()
    const config = JournalConfig.parse({})
    // Nobody leads: what only a leader does is not looked at here.
    const lead = { leads: () => place === this.#leader, term: () => undefined }
    const journal = await openJournal({ store, fleet, config, log: silent, signal, lead })
    await journal.load()
    here.journal = journal
    fleet.markComplete()
    const server = new EventEmitter() as unknown as Server
    const ignore = () => {}
    const settings = IngestConfig.parse({}).agents
    const sessions = serveAgents({
      server,
      fleet,
      record: journal.record,
      replica: process.name,
      log: silent,
      attachGraceMs: settings.attach_grace,
      hooks: {
        onBeat: ignore,
        onMetrics: ignore,
        onGatewayOutcome: ignore,
        onCounted: ignore,
        onCounters: ignore,
      },
      others: {
        lives: (name) => this.#planes.some((other) => other.process.name === name && other.process.state !== 'dead'),
        heardAt: () => performance.now(),
        leads: lead.leads,
      },
    })
    here.sessions = sessions
    networkOf(this.#world).listen(planeAddress(place), {
      process,
      accept: (end, upgrade) => acceptUpgrade(server, end, upgrade),
    })
    watchContact({
      fleet,
      record: journal.record,
      sessions,
      settings,
      by: process.name,
      log: silent,
      leads: lead.leads,
    })
  }

  /** The first plane that lives. */
  get #leader(): number {
    return this.#planes.findIndex(({ process }) => process.state !== 'dead')
  }

  #do(deed: Deed | undefined): void {
    switch (deed?.kind) {
      case undefined:
        return
      case 'dies':
        this.#planes[deed.plane]?.process.end()
        return
      case 'time passes':
        this.#due += deed.ms
        return
      case 'goes to':
      case 'finds':
        this.#agent.deed(deed)
        return
    }
  }

  #due = 0

  /** Lets everything happen that needs no more than so much time. */
  async #settle(ms: number): Promise<void> {
    const until = this.#world.now + ms + this.#due
    this.#due = 0
    await this.#world.play(until)
    if (this.#world.broken !== undefined) this.#error = this.#world.broken
  }

  #judge(entry: ReturnType<typeof decodeEntry>): void {
    const [outcome] = this.#oracle.apply([entry])
    const { change } = entry.event
    if (outcome !== 'changed') return
    if (change.kind === 'contact-changed') this.#error ??= new Error(`a node that lives counts as ${change.contact}`)
    if (change.kind === 'deregistered') this.#error ??= new Error('an instance that nobody withdrew is gone')
  }
}

/** An agent as far as its sessions go: it says everything at the beginning of each, then what changes, and speaks in one at a time. */
class AgentHere {
  health: Health = 'passing'
  readonly #process: Process
  #speaks: SimulatedSocket | undefined
  #arriving: SimulatedSocket | undefined
  #sequence = 0
  #sessions = 0

  constructor(process: Process) {
    this.#process = process
  }

  get state(): unknown {
    return [this.health, this.#sequence, this.#sessions, this.#speaks?.readyState, this.#arriving?.readyState]
  }

  deed(deed: Extract<Deed, { kind: 'goes to' | 'finds' }>): void {
    this.#process.within(() => {
      if (deed.kind === 'goes to') return this.#go(deed.plane)
      this.health = deed.health
      if (this.#speaks) this.#report(this.#speaks, false)
    })
  }

  #go(plane: number): void {
    const socket = new WebSocket(`ws://${planeAddress(plane)}/agents`, 'heddle.v1') as SimulatedSocket
    this.#arriving = socket
    this.#sessions += 1
    socket.on('error', () => {})
    socket.on('open', () => {
      const hello = {
        type: 'hello',
        node,
        machine: 'm-1',
        incarnation: 1,
        version: '1.0.0',
        name: 'one',
        site: 'tencent',
      }
      socket.send(JSON.stringify({ ...hello, address: '198.51.100.1', moves: { choice: 0, of: 2 } }))
    })
    socket.on('message', (bytes: Buffer) => {
      const { type } = JSON.parse(String(bytes)) as { readonly type: string }
      if (type !== 'welcome' || this.#arriving !== socket) return
      this.#arriving = undefined
      this.#speaks?.close(1000)
      this.#speaks = socket
      this.#report(socket, true)
    })
    socket.on('close', () => {
      if (this.#speaks === socket) this.#speaks = undefined
      // A session that was ended by the other side is begun anew, as long as none is on its way.
      const lost = this.#arriving === socket
      if (lost) this.#arriving = undefined
      if (!this.#speaks && !this.#arriving && this.#sessions < mostSessions) this.#go(plane)
    })
  }

  #report(socket: SimulatedSocket, whole: boolean): void {
    this.#sequence += 1
    const reason = this.health === 'critical' ? { code: 'refused' } : { code: 'ok' }
    const said = { id: instance, ...(whole ? { spec } : {}), health: this.health, reason, ageMs: 0 }
    socket.send(
      JSON.stringify({ type: 'report', sequence: this.#sequence, ...(whole ? { whole } : {}), instances: [said] }),
    )
  }
}

const mostSessions = 5
/** What follows at once from a step, turns of the event loop included. */
const stepMs = 0.5
/** Planes load their journal, and the agent is welcomed, within this. */
const beginsWithinMs = 60

/** Which session is which matters, not how they are called; nor does when something was said. */
function named(text: string): string {
  const names = [...new Set(text.match(/s-[A-Za-z0-9_-]{8,}/g))]
  return text
    .replace(/s-[A-Za-z0-9_-]{8,}/g, (name) => `#${names.indexOf(name)}`)
    .replace(/"(at|contactSince|healthSince|registeredAt|joinedAt|since)":\d+/g, '"$1":0')
}
