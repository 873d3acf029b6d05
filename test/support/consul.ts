import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, temporaryFolder } from './folder.ts'
import { programOf } from './parts.ts'
import { freePorts } from './ports.ts'
import { type Ending, type RunningProcess, spawnProcess } from './process.ts'

export type ConsulOptions = {
  readonly datacenter: string
  /** The HTTP port; a free one by default. */
  readonly port?: number
  /** Whether tokens are needed; then `managementToken` may do everything. */
  readonly acl?: boolean
  /** 1.8 stands for the one that the set-up provides; 1.22 is there only in the long tier. */
  readonly version?: '1.8' | '1.22'
  /** Where it keeps its state; by default a new folder that is removed at the end. */
  readonly dataDir?: string
}

/** A real Consul server of one datacenter, on loopback only, with its UI. It keeps its ports and its state over stop and start. */
export class ConsulServer implements AsyncDisposable {
  readonly datacenter: string
  readonly port: number
  readonly dnsPort: number
  readonly url: string
  /** Empty without ACLs. */
  readonly managementToken: string
  readonly #plan: Plan
  readonly #folder: Folder
  #process: RunningProcess | undefined

  constructor(plan: Plan, folder: Folder) {
    this.#plan = plan
    this.#folder = folder
    this.datacenter = plan.datacenter
    this.port = plan.ports.http
    this.dnsPort = plan.ports.dns
    this.url = `http://127.0.0.1:${this.port}`
    this.managementToken = plan.managementToken
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  /** The end of what the running (or last) process wrote. */
  get output(): string {
    return this.#process?.output ?? ''
  }

  /** Starts it again after `stop` or `kill`; resolves when it has a leader and shows itself in its catalogue. */
  async start(): Promise<void> {
    if (this.#process?.running) return
    const args = ['agent', '-config-file', this.#plan.configuration]
    const name = `consul ${this.datacenter}`
    this.#process = await spawnProcess(this.#plan.program, args, { name, cwd: this.#folder.path })
    await this.#process.ready('a leader and its own entry', 30_000, async (ended) => {
      const path = `/v1/health/node/${this.datacenter}-server`
      const checks = await this.request<readonly { Status: string }[]>('GET', path, undefined, ended)
      return checks.length > 0 && checks.every(({ Status }) => Status === 'passing')
    })
  }

  async stop(ending: Ending = {}): Promise<void> {
    await this.#process?.stop(ending)
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** Stops it from running without ending it, or lets it go on: what clients see as a hang. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void {
    this.#process?.signal(name)
  }

  /** Asks its HTTP API, with the management token if there is one. Rejects on any status but 2xx, with status and text. */
  async request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: this.managementToken === '' ? {} : { 'x-consul-token': this.managementToken },
      signal: signal ?? AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${this.datacenter} answered ${method} ${path} with ${response.status}: ${text}`)
    return JSON.parse(text || 'null')
  }

  /** Makes a token that may do what `rules` (in Consul's policy language) say, and answers with its secret. Needs ACLs. */
  async createToken(rules: string): Promise<string> {
    const policy = { Name: `test-${randomUUID()}`, Rules: rules }
    const { ID } = await this.request<{ ID: string }>('PUT', '/v1/acl/policy', policy)
    const token = await this.request<{ SecretID: string }>('PUT', '/v1/acl/token', { Policies: [{ ID }] })
    return token.SecretID
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}

type Plan = {
  readonly program: string
  readonly configuration: string
  readonly datacenter: string
  readonly ports: Ports
  readonly managementToken: string
}

type Ports = { readonly http: number; readonly dns: number; readonly server: number; readonly serf_lan: number }

/** Starts a Consul server and waits until it is ready to be written to. */
export async function startConsul(options: ConsulOptions): Promise<ConsulServer> {
  const { datacenter, acl = false, version = '1.8', dataDir } = options
  const program = programOf(version === '1.8' ? 'consul' : 'consul-1.22')
  const [http = 0, dns = 0, server = 0, serf_lan = 0] = await freePorts(4)
  const ports = { http: options.port ?? http, dns, server, serf_lan }
  const managementToken = acl ? randomUUID() : ''
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('consul'))
  const data = dataDir ?? join(folder.path, 'data')
  await mkdir(data, { recursive: true })
  const configuration = join(folder.path, 'consul.json')
  await writeFile(
    configuration,
    JSON.stringify(consulConfiguration({ datacenter, data, ports, managementToken, version })),
  )
  const consul = stack.use(new ConsulServer({ program, configuration, datacenter, ports, managementToken }, folder))
  await consul.start()
  stack.move()
  return consul
}

function consulConfiguration(given: {
  readonly datacenter: string
  readonly data: string
  readonly ports: Ports
  readonly managementToken: string
  readonly version: '1.8' | '1.22'
}): object {
  const { datacenter, data, ports, managementToken, version } = given
  const old = version === '1.8'
  return {
    datacenter,
    node_name: `${datacenter}-server`,
    server: true,
    bootstrap_expect: 1,
    data_dir: data,
    bind_addr: '127.0.0.1',
    client_addr: '127.0.0.1',
    ports: { ...ports, grpc: -1, serf_wan: -1, ...(old ? {} : { grpc_tls: -1 }) },
    performance: { raft_multiplier: 1 },
    disable_update_check: true,
    leave_on_terminate: false,
    skip_leave_on_interrupt: true,
    connect: { enabled: false },
    log_level: 'warn',
    ...(old ? { ui: true } : { ui_config: { enabled: true } }),
    ...(managementToken === '' ? {} : { acl: aclConfiguration(managementToken, old) }),
  }
}

function aclConfiguration(token: string, old: boolean): object {
  const tokens = { agent: token, ...(old ? { master: token } : { initial_management: token }) }
  return { enabled: true, default_policy: 'deny', down_policy: 'extend-cache', tokens }
}
