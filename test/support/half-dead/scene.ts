import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EventView, ExplainView, InstanceView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { HostNetwork } from '#test/chaos/world/network.ts'
import { buildTools } from '#test/chaos/world/tools.ts'
import { type Folder, temporaryFolder } from '../folder.ts'
import { writeYaml } from '../landscape/program.ts'
import { programOf, projectFolder } from '../parts.ts'
import { spawnProcess } from '../process.ts'
import { waitFor } from '../wait.ts'

const run = promisify(execFile)
const instancePort = 8080

export type SceneOptions = {
  /** The site of each host. */
  readonly hosts: Readonly<Record<string, string>>
  /** `ingest.agents` of the plane. */
  readonly agents?: object
}

/** What was seen at one moment: what the plane says of each instance by its host, and who passes in the Consul. */
export type Moment = {
  readonly routable: Readonly<Record<string, string>>
  readonly consul: readonly string[]
  readonly holds: readonly string[]
}

/**
 * A real plane with a real Consul on one host, and on each of the others an agent with its server. Only in namespaces of its own: it is seen
 * by a second cable, whatever happens to the first.
 */
export class Scene implements AsyncDisposable {
  readonly network: HostNetwork
  readonly moments: Moment[] = []
  /** Whether lines can be made slow and lossy here. */
  readonly cables: boolean
  readonly #stack = new AsyncDisposableStack()
  readonly #hosts: readonly string[]
  readonly #servers = new Map<string, number>()
  readonly #agents = new Map<string, number>()
  #looking = true

  private constructor(network: HostNetwork, hosts: readonly string[], cables: boolean) {
    this.network = network
    this.#hosts = hosts
    this.cables = cables
  }

  static async open({ hosts, agents = {} }: SceneOptions): Promise<Scene> {
    const folder = await temporaryFolder('half-dead')
    const { cable } = await buildTools(join(folder.path, 'tools'))
    const names = Object.keys(hosts)
    const scene = new Scene(await HostNetwork.open(['plane', ...names], cable), names, cable !== undefined)
    scene.#stack.use(folder)
    await scene.#start(folder, hosts, agents)
    return scene
  }

  async status(): Promise<StatusView> {
    return this.get('/v1/status')
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`http://${this.network.viewOf('plane')}:8888${path}`, {
      signal: AbortSignal.timeout(5_000),
    })
    return (await response.json()) as T
  }

  async text(path: string): Promise<string> {
    const response = await fetch(`http://${this.network.viewOf('plane')}:8888${path}`, {
      signal: AbortSignal.timeout(5_000),
    })
    return response.text()
  }

  async events(kind: string): Promise<readonly EventView[]> {
    const events = await this.get<readonly EventView[]>('/v1/events?limit=1000')
    return events.filter((event) => event.kind === kind)
  }

  async instanceOn(host: string): Promise<InstanceView> {
    const all = await this.get<readonly InstanceView[]>('/v1/instances')
    const found = all.find(({ node_name }) => node_name === host)
    if (!found) throw new Error(`nothing is on ${host}`)
    return found
  }

  async explain(host: string): Promise<ExplainView> {
    return this.get(`/v1/instances/${(await this.instanceOn(host)).id}/explain`)
  }

  /** What a command prints on the plane's host. */
  async heddle(...words: readonly string[]): Promise<string> {
    const [enter = '', ...inside] = this.network.on('plane')
    const script = join(projectFolder, 'cli/heddle.ts')
    const env = { ...process.env, NO_COLOR: '1', HEDDLE_PLANE: 'http://127.0.0.1:8888' }
    const { stdout } = await run(enter, [...inside, process.execPath, script, ...words], { env })
    return stdout
  }

  /** Ends the server of a host; its agent goes on. */
  killServer(host: string): void {
    const pid = this.#servers.get(host)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Ends the agent of a host; its server goes on. */
  killAgent(host: string): void {
    const pid = this.#agents.get(host)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Waits until what is seen is so. */
  async until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
    await waitFor(look, { what, withinMs: 40_000, everyMs: 100 })
  }

  /** The newest moment. */
  get now(): Moment {
    return this.moments.at(-1) ?? { routable: {}, consul: [], holds: [] }
  }

  async #start(folder: Folder, hosts: Readonly<Record<string, string>>, agents: object): Promise<void> {
    const plane = this.network.addressOf('plane')
    await this.#spawn('plane', await programOf('consul'), [
      ...[
        'agent',
        '-dev',
        '-datacenter',
        'zervigo-dc',
        '-client',
        '0.0.0.0',
        '-bind',
        '127.0.0.1',
        '-log-level',
        'warn',
      ],
    ])
    const config = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { address: '0.0.0.0', port: 8888, insecure: true },
      access: { required: false },
      site: 'plane',
      journal: { path: join(folder.path, 'journal.db') },
      mirror: { owner: 'half-dead', datacenters: [{ name: 'zervigo-dc', address: 'http://127.0.0.1:8500' }] },
      routing: { xds: { port: 18_000 } },
      ingest: { agents },
    })
    await this.until('the Consul', () => this.#consulIsUp())
    await this.#spawn('plane', process.execPath, [join(projectFolder, 'control-plane/main.ts'), config])
    for (const [host, site] of Object.entries(hosts)) {
      const address = this.network.addressOf(host)
      const words = ['--name', 'crm', '--instance', host, '--host', address, '--port', String(instancePort)]
      const server = await this.#spawn(host, process.execPath, [
        join(projectFolder, 'test/support/basic-server.ts'),
        ...words,
      ])
      this.#servers.set(host, server)
      const file = await writeYaml(join(folder.path, `${host}.yaml`), {
        planes: [`http://${plane}:8888`],
        node: { name: host, site, address, machine: `machine-${host}` },
        state_dir: join(folder.path, host),
        services: [
          { name: 'crm', instance: host, address, port: instancePort, checks: [{ kind: 'http', path: '/health' }] },
        ],
        logging: { level: 'warn' },
      })
      this.#agents.set(host, await this.#spawn(host, process.execPath, [join(projectFolder, 'agent/main.ts'), file]))
    }
    const watching = this.#watch()
    this.#stack.defer(async () => {
      this.#looking = false
      await watching
    })
    await this.until('all to be in the Consul', () => this.now.consul.length === this.#hosts.length)
  }

  async #spawn(host: string, program: string, words: readonly string[]): Promise<number> {
    const [enter = '', ...inside] = this.network.on(host)
    const running = await spawnProcess(enter, [...inside, program, ...words], { name: `${host} ${words[0]}` })
    this.#stack.use(running)
    return running.pid
  }

  async #consulIsUp(): Promise<boolean> {
    return fetch(`http://${this.network.viewOf('plane')}:8500/v1/status/leader`)
      .then(async (response) => (await response.text()).length > 2)
      .catch(() => false)
  }

  /** Looks again and again, so that nothing comes and goes unseen. */
  async #watch(): Promise<void> {
    while (this.#looking) {
      await this.#look().catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #look(): Promise<void> {
    const consul = `http://${this.network.viewOf('plane')}:8500/v1/health/service/crm?passing`
    const [instances, { holds }, passing] = await Promise.all([
      this.get<readonly InstanceView[]>('/v1/instances'),
      this.status(),
      fetch(consul, { signal: AbortSignal.timeout(5_000) }).then(
        async (response) => (await response.json()) as readonly Entry[],
      ),
    ])
    const hostOf = new Map(instances.map(({ id, node_name }) => [id, node_name]))
    this.moments.push({
      routable: Object.fromEntries(instances.map(({ node_name, routable }) => [node_name, routable])),
      consul: passing.map(({ Service }) => hostOf.get(Service.ID) ?? Service.ID).sort(),
      holds: holds.map(({ site }) => site),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
  }
}

type Entry = { readonly Service: { readonly ID: string } }
