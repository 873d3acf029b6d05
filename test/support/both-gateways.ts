import type { InstanceView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { startXdsEnvoy } from './envoy/xds-envoy.ts'
import { programOf } from './parts.ts'
import { freePort, freePorts } from './ports.ts'
import { RunningAgent } from './start-agent.ts'
import { type BasicServer, startBasicServer } from './start-basic-server.ts'
import { RunningPlane } from './start-plane.ts'
import { drive, type Outcome } from './traffic.ts'
import { waitFor } from './wait.ts'

/** A node with an agent and the real servers beside it. */
export type NodeWanted = {
  readonly name: string
  readonly site?: string
  readonly cluster?: string
  /** The instances of the service, each a process of its own. */
  readonly instances: readonly string[]
  /** What their declarations say besides. */
  readonly about?: object
}

export type BothWanted = {
  readonly service: string
  readonly nodes: readonly NodeWanted[]
  /** Services and routes, as YAML. */
  readonly routes: string
  /** Of the plane. */
  readonly settings?: object
  readonly reloadsPerMinute?: number
}

export type GatewayName = 'envoy' | 'nginx'
export const gatewayNames = ['envoy', 'nginx'] as const

const withinMs = 25_000

/**
 * A real plane, a real Envoy that asks it and a real Nginx that an agent gives its files, both at site `tencent` in cluster `looma`, and
 * nodes with real servers.
 */
export class BothGateways implements AsyncDisposable {
  readonly plane: RunningPlane
  readonly servers: ReadonlyMap<string, BasicServer>
  readonly ports: Readonly<Record<GatewayName, number>>
  readonly #stack: AsyncDisposableStack

  private constructor(
    plane: RunningPlane,
    servers: ReadonlyMap<string, BasicServer>,
    ports: Readonly<Record<GatewayName, number>>,
    stack: AsyncDisposableStack,
  ) {
    this.plane = plane
    this.servers = servers
    this.ports = ports
    this.#stack = stack
  }

  static async start({ service, nodes, routes, settings = {}, ...more }: BothWanted): Promise<BothGateways> {
    await using stack = new AsyncDisposableStack()
    const [envoy = 0, nginx = 0] = await freePorts(2)
    const ports = { envoy, nginx }
    const gateway = (name: string, proxy: GatewayName) =>
      `  ${name}: { proxy: ${proxy}, site: tencent, cluster: looma, listeners: [{ address: 127.0.0.1, port: ${ports[proxy]} }] }\n`
    const declaration = `gateways:\n${gateway('edge', 'envoy')}${gateway('side', 'nginx')}${routes}`
    const plane = stack.use(await RunningPlane.start({ declaration, settings }))
    const servers = new Map<string, BasicServer>()
    for (const node of nodes) {
      for (const [instance, server] of await startNode(plane.url, service, node, stack)) servers.set(instance, server)
    }
    stack.use(await nginxGateway(plane.url, more.reloadsPerMinute ?? 600))
    stack.use(await startXdsEnvoy(plane.xdsPort, { cluster: 'edge', id: 'edge-1' }))
    for (const gateway of gatewayNames) {
      // Any answer: whether somebody can be called is the test's to see.
      const answer = () => fetch(`http://127.0.0.1:${ports[gateway]}/`, { signal: AbortSignal.timeout(5_000) })
      await waitFor(answer, { what: `an answer of ${gateway}`, withinMs: 40_000 })
    }
    return new BothGateways(plane, servers, ports, stack.move())
  }

  server(instance: string): BasicServer {
    const server = this.servers.get(instance)
    if (!server) throw new Error(`there is no ${instance}`)
    return server
  }

  url(gateway: GatewayName, path: string): string {
    return `http://127.0.0.1:${this.ports[gateway]}${path}`
  }

  /** Drives both gateways until it is disposed. */
  drive(path: string, perSecond: number): DrivenBoth {
    return new DrivenBoth((gateway) => this.url(gateway, path), perSecond)
  }

  /** Waits until the plane takes an instance for one that may be called, or for one that may not. */
  async routable(instance: string, wanted: boolean): Promise<void> {
    const { port } = this.server(instance)
    await waitFor(() => this.plane.get<readonly InstanceView[]>('/v1/instances'), {
      what: `${instance} to be ${wanted ? '' : 'not '}routable`,
      withinMs,
      until: (all) => all.some((each) => each.port === port && (each.routable !== 'no') === wanted),
    })
  }

  /** How often the agent has reloaded its Nginx. */
  async reloads(): Promise<number> {
    const { sinks } = await this.plane.get<StatusView>('/v1/status')
    return sinks.find(({ name }) => name === 'nginx:side')?.figures?.reloads ?? 0
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** Traffic through both gateways at once. */
export class DrivenBoth implements AsyncDisposable {
  readonly #outcomes: Readonly<Record<GatewayName, Outcome[]>> = { envoy: [], nginx: [] }
  readonly #driven: readonly AsyncDisposable[]

  constructor(url: (gateway: GatewayName) => string, perSecond: number) {
    this.#driven = gatewayNames.map((gateway) =>
      drive({
        url: url(gateway),
        perSecond,
        timeoutMs: 20_000,
        onOutcome: (outcome) => this.#outcomes[gateway].push(outcome),
      }),
    )
  }

  /** What came back of what was sent from a time on (`performance.now()`), in the order of its end. */
  since(gateway: GatewayName, from = 0): readonly Outcome[] {
    return this.#outcomes[gateway].filter(({ at }) => at >= from)
  }

  /** Answers by instance, of what was sent from a time on. */
  shares(gateway: GatewayName, from = 0): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const outcome of this.since(gateway, from)) counts[whoOf(outcome)] = (counts[whoOf(outcome)] ?? 0) + 1
    return counts
  }

  /** Waits until both gateways have answered `count` requests in a row by these instances, and all of them by some. */
  async servedBy(instances: readonly string[], count = 12): Promise<void> {
    for (const gateway of gatewayNames) {
      await waitFor(() => this.since(gateway).slice(-count).map(whoOf), {
        what: `${gateway} to be served by ${instances.join(' and ')}`,
        withinMs,
        until: (seen) =>
          seen.length === count &&
          seen.every((who) => instances.includes(who)) &&
          instances.every((instance) => seen.includes(instance)),
      })
    }
  }

  /** Waits until each gateway has answered so many more requests. */
  async more(count: number): Promise<void> {
    const from = performance.now()
    for (const gateway of gatewayNames) {
      const enough = () => this.since(gateway, from).length >= count
      await waitFor(enough, { what: `${count} more answers of ${gateway}`, withinMs })
    }
  }

  /** Those that a user would complain about. */
  failed(gateway: GatewayName): readonly Outcome[] {
    return this.since(gateway).filter((outcome) => outcome.kind === 'failed' || outcome.status >= 500)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const driven of this.#driven) await driven[Symbol.asyncDispose]()
  }
}

/** The instance that answered, or how it failed. */
export function whoOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? outcome.reason : (outcome.instance ?? String(outcome.status))
}

async function startNode(
  plane: string,
  service: string,
  { name, site = 'tencent', cluster = 'looma', instances, about = {} }: NodeWanted,
  stack: AsyncDisposableStack,
): Promise<readonly (readonly [string, BasicServer])[]> {
  const ports = await freePorts(instances.length)
  const servers = await Promise.all(
    instances.map((instance, place) => startBasicServer({ name: service, instance, port: ports[place] ?? 0 })),
  )
  for (const server of servers) stack.use(server)
  const services = servers.map(({ instance, port }) => ({
    name: service,
    ...{ instance, address: '127.0.0.1', port },
    checks: [{ kind: 'http', path: '/health', interval: '500ms', timeout: '2s' }],
    // They die on purpose, and shall be back at once.
    flapping: { enabled: false },
    metrics: false,
    ...about,
  }))
  const more = { node: { name, cluster, site, address: '127.0.0.1' } }
  stack.use(await RunningAgent.start({ planes: [plane], services, more }))
  return servers.map((server) => [server.instance, server] as const)
}

async function nginxGateway(plane: string, reloadsPerMinute: number): Promise<RunningAgent> {
  const gateway = {
    ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
    ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: reloadsPerMinute, retry_every: '100ms' },
    ...(process.getuid?.() === 0 && { user: 'root' }),
  }
  return RunningAgent.start({ planes: [plane], more: { gateways: [gateway], node: { name: 'gate' } } })
}
