import { ServiceConfig } from '#agent/checks/config.ts'
import type { InstancePlan } from '#agent/checks/instances.ts'
import { planOf } from '#agent/checks/plan.ts'
import { IngestConfig } from '#control-plane/ingest/config.ts'
import { JournalConfig } from '#control-plane/journal/config.ts'
import { MirrorConfig } from '#control-plane/mirror/config.ts'
import { fenceKey } from '#control-plane/mirror/names.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Agent } from '../actors/agent.ts'
import { Plane, type PlaneSettings } from '../actors/plane.ts'
import { ConsulModel, type ConsulRequest, type ConsulWatcher } from '../models/consul.ts'
import { DatabaseModel, type DatabaseWatcher, type Query } from '../models/database.ts'
import type { ListenHello } from '../models/database-client.ts'
import type { Network } from '../models/network.ts'
import { SimulatedServer } from '../models/servers.ts'
import { networkOf, serversOf } from '../models/surroundings.ts'
import { Machine, Process, type World } from '../time/world.ts'
import type { Scenario } from './scenario.ts'

export const owner = 'acme'
const installation = 'installation-1'
const planePort = 8888
const databasePort = 5432
const consulPort = 8500
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export type CastWatcher = ConsulWatcher &
  DatabaseWatcher & {
    /** A program of ours ended by an error. */
    readonly onFailed: (who: string, error: unknown) => void
  }

/** Everything that plays in a history. */
export class Cast {
  readonly world: World
  readonly network: Network
  readonly planes: Plane[] = []
  readonly agents: Agent[] = []
  readonly servers: SimulatedServer[]
  readonly consuls: ConsulModel[] = []
  readonly database: DatabaseModel
  /** Servers that their agents shall know of no more. */
  readonly withdrawn = new Set<SimulatedServer>()
  readonly settings: PlaneSettings
  readonly scenario: Scenario
  readonly #watcher: CastWatcher

  constructor(world: World, scenario: Scenario, watcher: CastWatcher, log: Logger) {
    this.world = world
    this.network = networkOf(world)
    this.servers = serversOf(world).all
    this.scenario = scenario
    this.#watcher = watcher
    const databaseMachine = this.#machine('203.0.113.1', scenario.sites[0]?.name ?? '')
    this.database = new DatabaseModel(new Process(databaseMachine, 'database'), installation, watcher)
    this.startDatabase()
    for (let number = 1; number <= scenario.datacenters; number += 1) {
      const site = scenario.sites[(number - 1) % scenario.sites.length]?.name ?? ''
      const machine = this.#machine(`203.0.113.${10 + number}`, site)
      const process = new Process(machine, `consul ${number}`)
      this.consuls.push(new ConsulModel(`dc-${number}`, { process, fenceKey: fenceKey(owner), watcher }))
    }
    for (const consul of this.consuls) this.startConsul(consul)
    this.settings = this.#settings()
    for (let number = 1; number <= scenario.planes; number += 1) this.#addPlane(number, scenario, log)
    const addresses = this.planes.map(({ address }) => `http://${address}`)
    let count = 0
    for (const { name, machines } of scenario.sites) {
      for (let number = 1; number <= machines; number += 1) {
        count += 1
        this.#addAgent(count, name, scenario.serversOnMachine, addresses, log)
      }
    }
  }

  /** The plane that leads now, as far as it knows. */
  get leader(): Plane | undefined {
    return this.planes.find((plane) => {
      const { process, parts } = plane
      return (
        process?.state === 'running' && parts?.journal && process.within(() => parts.leadership.term()) !== undefined
      )
    })
  }

  /** The run that a process of a plane is or was. */
  runOf(process: Process): string | undefined {
    for (const plane of this.planes) {
      const run = plane.runOf(process)
      if (run !== undefined) return run
    }
    return undefined
  }

  agentOf(server: SimulatedServer): Agent | undefined {
    return this.agents.find(({ options }) => options.machine === server.machine)
  }

  startServer(server: SimulatedServer): void {
    const { machine, service } = server
    if (server.alive || !machine.on) return
    const process = new Process(machine, service)
    server.process = process
    server.mood = 'up'
    process.onEnd.add(() => {
      for (const gone of server.onGone) gone()
      server.onGone.clear()
      server.look(this.world.now)
    })
    server.look(this.world.now)
  }

  startDatabase(): void {
    const { database } = this
    const { machine } = database.process
    if (!machine.on) return
    const process = database.process.state === 'dead' ? new Process(machine, 'database') : database.process
    if (process !== database.process) database.restarted(process)
    this.network.listen(`${machine.name}:${databasePort}`, {
      process,
      accept: (end, hello) => database.listen(end, (hello as ListenHello).hear),
      serve: (query, answer) => database.serve(query as Query, answer),
    })
  }

  startConsul(consul: ConsulModel): void {
    const { machine } = consul
    if (!machine.on) return
    if (consul.process.state === 'dead') consul.startAgain(new Process(machine, consul.name))
    this.network.listen(`${machine.name}:${consulPort}`, {
      process: consul.process,
      accept: (end) => end.close(),
      serve: (request, answer) => consul.serve(request as ConsulRequest, answer),
    })
  }

  /** A machine has power again, and starts what belongs on it. */
  powerOn(machine: Machine): void {
    if (machine.on) return
    machine.on = true
    for (const agent of this.agents) if (agent.options.machine === machine && agent.wanted) agent.start()
    for (const plane of this.planes) if (plane.options.machine === machine && plane.wanted) plane.start()
    for (const server of this.servers) if (server.machine === machine) this.startServer(server)
  }

  #machine(name: string, site: string): Machine {
    const machine = new Machine(this.world, name, site)
    this.network.add(machine)
    return machine
  }

  #addPlane(number: number, scenario: Scenario, log: Logger): void {
    const site = scenario.sites[(number - 1) % scenario.sites.length]?.name ?? ''
    const machine = this.#machine(`203.0.113.${20 + number}`, site)
    const name = `plane ${number}`
    const plane = new Plane({
      name,
      machine,
      port: planePort,
      database: `${this.database.process.machine.name}:${databasePort}`,
      settings: this.settings,
      log: log.child({ who: name }),
      onFailed: (error) => this.#watcher.onFailed(name, error),
    })
    this.planes.push(plane)
    plane.start()
  }

  #addAgent(count: number, site: string, servers: number, planes: readonly string[], log: Logger): void {
    const machine = this.#machine(`198.51.100.${count}`, site)
    const node = `n-${Array.from({ length: 12 }, (_, at) => alphabet[(count * 7 + at * count) % 32]).join('')}`
    const own = Array.from({ length: servers }, (_, at) => {
      const server = new SimulatedServer(machine, at === 0 ? 'crm' : 'auth', 8000 + at)
      serversOf(this.world).add(server)
      this.startServer(server)
      return server
    })
    const plans = () => own.filter((server) => !this.withdrawn.has(server)).map((server) => planFor(server, node))
    const agent = new Agent({
      node,
      machine,
      planes,
      plans,
      log: log.child({ who: `agent ${node}` }),
      onFailed: (error) => this.#watcher.onFailed(`agent ${node}`, error),
    })
    this.agents.push(agent)
    agent.start()
  }

  #settings(): PlaneSettings {
    const ingest = IngestConfig.parse({
      agents: {
        grace: '15s',
        hold: { at_most: '20s' },
        vantages: { survey_every: '15s', ask_every: '5s' },
      },
    })
    const mirror = MirrorConfig.parse({
      owner,
      compare_every: '10s',
      // Nothing that is deregistered needs to be inferred, whoever leads.
      guard: { least: 0, share: 0 },
      datacenters: this.consuls.map(({ name, machine }) => ({
        name,
        address: `http://${machine.name}:${consulPort}`,
      })),
    })
    const journal = JournalConfig.parse({ snapshot_every: 40 })
    return { ingest, mirror, journal, installation, owner }
  }
}

/** The id of a server's instance. */
export function instanceOf(server: SimulatedServer, agent: Agent): string {
  return planFor(server, agent.options.node).spec.id
}

const plans = new WeakMap<SimulatedServer, InstancePlan>()

function planFor(server: SimulatedServer, node: string): InstancePlan {
  const known = plans.get(server)
  if (known) return known
  // The second one is only asked whether it takes connections.
  const kind = server.port === 8000 ? 'http' : 'tcp'
  const service = ServiceConfig.parse({ name: server.service, port: server.port, checks: [{ kind }] })
  const plan = planOf(service, { id: node, address: server.machine.name })
  plans.set(server, plan)
  return plan
}
