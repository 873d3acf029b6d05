import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import * as z from 'zod/mini'
import { StatusView } from '#shared/protocol/status-api.ts'
import { answers, writeYaml } from '#test/support/landscape/program.ts'
import { asNobody, giveToNobody } from '#test/support/not-as-root.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { type Exit, type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import {
  agentConfiguration,
  consulConfiguration,
  envoyConfiguration,
  gatewayConfiguration,
  type Place,
  planeConfiguration,
  routesConfiguration,
} from './configurations.ts'
import { HostNetwork } from './network.ts'
import { diskOf, hostOf, ports, unitsOf, type WorldPlan } from './plan.ts'
import { buildTools, type Tools } from './tools.ts'
import { Unit, type UnitPlan } from './unit.ts'

const run = promisify(execFile)

/** In MiB: so much is little enough to be filled at once, and more than a unit needs in an hour. */
const diskSize = { database: 400, other: 64 } as const
const doorTold = 8599

export type WorldOptions = {
  readonly plan: WorldPlan
  /** For the files of all units; small disks are mounted in it. */
  readonly folder: string
  readonly onEnd: (unit: string, exit: Exit, words: string) => void
  readonly onStep: (what: string) => void
}

/** A whole installation of real processes on hosts of their own, which faults can disturb. */
export class World implements AsyncDisposable {
  readonly plan: WorldPlan
  readonly folder: string
  readonly network: HostNetwork
  readonly tools: Tools
  readonly #units = new Map<string, Unit>()
  readonly #options: WorldOptions
  readonly #doors: RunningProcess[] = []
  readonly #postgresql: string

  private constructor(options: WorldOptions, network: HostNetwork, tools: Tools, postgresql: string) {
    this.#options = options
    this.plan = options.plan
    this.folder = options.folder
    this.network = network
    this.tools = tools
    this.#postgresql = postgresql
  }

  /** Starts everything and resolves when all of it does its work. */
  static async start(options: WorldOptions): Promise<World> {
    const { plan, folder, onStep } = options
    const tools = await buildTools(join(folder, 'tools'))
    const postgresql = await postgresqlPrograms()
    if (postgresql === undefined) throw new Error('there is no PostgreSQL: npm run setup')
    const network = await HostNetwork.open(plan.hosts, tools.cable)
    onStep(`${plan.hosts.length} hosts`)
    const world = new World(options, network, tools, postgresql)
    try {
      await world.#build()
    } catch (error) {
      await world[Symbol.asyncDispose]()
      throw error
    }
    return world
  }

  unit(name: string): Unit {
    const found = this.#units.get(name)
    if (!found) throw new Error(`there is no unit ${name}`)
    return found
  }

  /** Writes to the logs what the units have said so far. */
  keepWords(): void {
    for (const unit of this.#units.values()) unit.keepWords()
  }

  /** The address of something on a unit's host, as this process reaches it whatever is cut. */
  view(unit: string, port: number): string {
    return `http://${this.network.viewOf(hostOf(this.plan, unit))}:${port}`
  }

  /** The address of something on a unit's host as its clients reach it. */
  url(unit: string, port: number): string {
    return `http://${this.network.addressOf(hostOf(this.plan, unit))}:${port}`
  }

  /** How the door before a Consul answers: see door.ts. */
  async door(consul: string, mode: string): Promise<void> {
    await fetch(this.view(consul, doorTold), { method: 'POST', body: mode, signal: AbortSignal.timeout(5_000) })
  }

  /** Asks the database as its superuser, past all that is cut. */
  async query<Row>(text: string, database = 'heddle'): Promise<readonly Row[]> {
    const host = this.network.viewOf(this.plan.database)
    const client = new Client({
      host,
      port: ports.database,
      user: 'postgres',
      database,
      connectionTimeoutMillis: 3_000,
    })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  /** The plane that leads by the database; undefined: none, or the database does not answer. */
  async leader(): Promise<string | undefined> {
    const rows = await this.query<{ run: string; left: string }>(
      'select run, expires - extract(epoch from now()) * 1000 as left from leadership',
    ).catch(() => [])
    const run = rows[0]?.run
    if (run === undefined || Number(rows[0]?.left) <= 0) return undefined
    const runs = await Promise.allSettled(this.plan.planes.map((plane) => this.#runOf(plane)))
    const at = runs.findIndex((each) => each.status === 'fulfilled' && each.value === run)
    return this.plan.planes[at]
  }

  /** What a plane calls its run. */
  async #runOf(plane: string): Promise<string | undefined> {
    const response = await fetch(`${this.view(plane, ports.api)}/v1/status`, { signal: AbortSignal.timeout(2_000) })
    const { replicas = [] } = z.parse(StatusView, await response.json())
    return replicas.find(({ self }) => self)?.run
  }

  async #build(): Promise<void> {
    const { plan, folder, onStep } = this.#options
    // The database is another user.
    await chmod(folder, 0o755)
    await Promise.all(['logs', 'disks', 'configuration', 'shims'].map((name) => mkdir(join(folder, name))))
    for (const unit of unitsOf(plan)) {
      const disk = diskOf(folder, unit)
      await mkdir(disk)
      const size = unit === plan.database ? diskSize.database : diskSize.other
      await run('mount', ['-t', 'tmpfs', '-o', `size=${size}m,mode=755`, 'tmpfs', disk])
    }
    await this.#add()
    await this.#makeDatabase()
    const first = [plan.database, ...plan.consuls.map(({ unit }) => unit), ...plan.members.map(({ server }) => server)]
    await this.#start(first)
    await this.query(`create user heddle`, 'postgres')
    await this.query(`create database heddle owner heddle`, 'postgres')
    for (const { unit } of plan.consuls) await this.#openDoor(unit)
    onStep('the database, two Consuls and the servers')
    // Those that wait for the leadership do not answer yet.
    await Promise.all(plan.planes.map((plane) => this.unit(plane).start()))
    await Promise.any(plan.planes.map((plane) => this.unit(plane).start({ wait: true })))
    onStep('planes')
    await this.#start([...plan.members.map(({ agent }) => agent), plan.gatewayAgent])
    onStep('agents')
    await this.#start([plan.envoy])
    onStep('Envoy')
  }

  async #start(units: readonly string[]): Promise<void> {
    await Promise.all(units.map((name) => this.unit(name).start({ wait: true })))
  }

  async #add(): Promise<void> {
    const { plan, folder } = this
    const place: Place = { folder, plan, addressOf: (host) => this.network.addressOf(host) }
    const file = (name: string) => join(folder, 'configuration', name)
    const script = (path: string, configuration: string) => [process.execPath, join(projectFolder, path), configuration]
    await writeYaml(join(folder, 'routes.yaml'), routesConfiguration(plan))
    for (const plane of plan.planes) {
      const path = await writeYaml(file(`${plane}.yaml`), planeConfiguration(plane, place))
      this.#unit(plane, script('control-plane/main.ts', path), `${this.view(plane, ports.api)}/v1/status`)
    }
    for (const member of plan.members) {
      const path = await writeYaml(file(`${member.agent}.yaml`), agentConfiguration(member, place))
      this.#unit(member.agent, script('agent/main.ts', path), `${this.view(member.agent, ports.agent)}/health`)
      const words = ['--name', member.service, '--instance', member.server, '--port', String(ports.server)]
      const server = [process.execPath, join(projectFolder, 'test/support/basic-server.ts'), ...words]
      this.#unit(member.server, [...server, '--host', '0.0.0.0'], `${this.view(member.server, ports.server)}/health`)
    }
    const gateway = await writeYaml(file('gateway.yaml'), gatewayConfiguration(place, programOf('nginx')))
    const gatewayReady = `${this.view(plan.gatewayAgent, ports.agent)}/health`
    this.#unit(plan.gatewayAgent, script('agent/main.ts', gateway), gatewayReady)
    for (const { unit, datacenter } of plan.consuls) {
      await writeFile(file(`${unit}.json`), JSON.stringify(consulConfiguration(unit, datacenter, place)))
      const ready = `${this.view(unit, ports.catalogue)}/v1/health/node/${datacenter}-server?passing`
      this.#unit(unit, [programOf('consul'), 'agent', '-config-file', file(`${unit}.json`)], ready)
    }
    await writeFile(file('envoy.json'), JSON.stringify(envoyConfiguration(place)))
    const envoy = ['-c', file('envoy.json'), '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warn']
    this.#unit(plan.envoy, [programOf('envoy'), ...envoy], `${this.view(plan.envoy, ports.envoyAdmin)}/ready`)
    const settings = ['listen_addresses=*', `port=${ports.database}`, 'unix_socket_directories=', 'max_wal_size=100MB']
    const options = settings.flatMap((setting) => ['-c', setting])
    const database = asNobody(join(this.#postgresql, 'postgres'), ['-D', this.#data, ...options])
    this.#unit(plan.database, [database[0], ...database[1]], () => this.query('select 1', 'postgres'))
  }

  #unit(name: string, command: readonly string[], ready: string | UnitPlan['ready']): void {
    const { folder } = this
    const library = this.tools.shim
    const isGo = this.plan.consuls.some(({ unit }) => unit === name)
    this.#units.set(
      name,
      new Unit({
        name,
        command: [...this.network.on(hostOf(this.plan, name)), ...command],
        cwd: diskOf(folder, name),
        env: { LC_ALL: 'C', HOSTNAME: name },
        ready: typeof ready === 'string' ? answers(ready) : ready,
        family: name === this.plan.database,
        orphanSignal: name.startsWith('plane') || name.startsWith('agent') ? 'TERM' : 'KILL',
        ...(library === undefined || isGo ? {} : { shim: { library, told: join(folder, 'shims', name) } }),
        log: join(folder, 'logs', `${name}.log`),
        onEnd: (exit, words) => this.#options.onEnd(name, exit, words),
      }),
    )
  }

  get #data(): string {
    return join(diskOf(this.folder, this.plan.database), 'data')
  }

  async #makeDatabase(): Promise<void> {
    await mkdir(this.#data)
    await giveToNobody(this.#data)
    const options = ['-U', 'postgres', '--auth=trust', '--no-sync', '--no-locale', '-E', 'UTF8']
    const [program, args] = asNobody(join(this.#postgresql, 'initdb'), ['-D', this.#data, ...options])
    await run(program, [...args], { env: { ...process.env, LC_ALL: 'C' }, cwd: this.folder })
    const rules = await readFile(join(this.#data, 'pg_hba.conf'), 'utf8')
    await writeFile(join(this.#data, 'pg_hba.conf'), `${rules}\nhost all all 10.0.0.0/8 trust\n`)
  }

  async #openDoor(unit: string): Promise<void> {
    const path = join(projectFolder, 'test/chaos/world/door.ts')
    const words = ['0.0.0.0', ports.consul, ports.catalogue, doorTold].map(String)
    const [enter = '', ...on] = this.network.on(unit)
    const door = await spawnProcess(enter, [...on, process.execPath, path, ...words], { name: `door of ${unit}` })
    this.#doors.push(door)
    await door.ready('its first line', 20_000, () => door.output.includes('listening'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#units.values()].map((unit) => unit[Symbol.asyncDispose]()))
    await Promise.all(this.#doors.map((door) => door.kill()))
    // Otherwise a folder that is removed would be in use.
    for (const unit of unitsOf(this.plan)) await run('umount', ['-l', diskOf(this.folder, unit)]).catch(() => {})
  }
}
