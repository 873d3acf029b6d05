import { createServer, request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { FileGateways } from '#control-plane/routing/files/gateways.ts'
import type { SplitAction } from '#control-plane/routing/splits/order.ts'
import type { SplitPhase, SplitState } from '#control-plane/routing/splits/state.ts'
import type { GatewayFiles } from '#shared/protocol/gateway.ts'
import { addTook } from '#shared/protocol/latency.ts'
import { startGateway, type TestGateway } from '../gateway.ts'
import { nginxConfiguration, startNginx } from '../nginx.ts'
import { freePort } from '../ports.ts'
import { waitFor } from '../wait.ts'
import { type Routed, startRouted } from './routed.ts'

const withinMs = 30_000
type Gateway = 'edge' | 'side'
type Headers = Readonly<Record<string, string>>

/** Routing with a real Envoy (`edge`) and a real Nginx (`side`), and a service `crm` that is split: who asks is counted here. */
export class SplitScene implements AsyncDisposable {
  #stack: AsyncDisposableStack
  readonly routed: Routed
  readonly #side: number
  readonly #take: (files: GatewayFiles) => void
  /** What the canary answers. */
  canaryStatus = 200
  /** Whether somebody counts what is asked. */
  counts = true

  private constructor(stack: AsyncDisposableStack, routed: Routed, side: number, take: (files: GatewayFiles) => void) {
    this.#stack = stack
    this.routed = routed
    this.#side = side
    this.#take = take
  }

  /**
   * @param split what is said under `splits.crm`, in one line of YAML
   * @param agent the gateway `side` of an agent that runs the Nginx; left out: an Nginx that reloads whatever comes
   */
  static async start(split: string, agent?: TestGateway): Promise<SplitScene> {
    await using stack = new AsyncDisposableStack()
    const side = await freePort()
    const routed = stack.use(await startRouted(''))
    const take = agent ? (files: GatewayFiles) => agent.take(files) : await plainNginx(stack)
    const scene = new SplitScene(stack, routed, side, take)
    for (const name of ['crm', 'crm-next']) {
      const status = () => (name === 'crm' ? 200 : scene.canaryStatus)
      const server = createServer((_, response) => response.writeHead(status(), { 'x-side': name }).end())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      stack.defer(() => {
        server.closeAllConnections()
        server.close()
      })
      const address = server.address()
      routed.world.add(name, typeof address === 'object' ? (address?.port ?? 0) : 0)
    }
    routed.world.fleet.markComplete()
    await routed.declareAll(`gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${routed.port} }] }
  side: { proxy: nginx, listeners: [{ address: 127.0.0.1, port: ${side} }] }
splits:
  crm: ${split}
routes:
  - { prefix: /, service: crm, path: keep }
`)
    scene.serveNginx()
    await routed.envoy()
    for (const gateway of ['edge', 'side'] as const) {
      const answered = () => scene.ask(gateway)
      await waitFor(answered, { what: `an answer of ${gateway}`, withinMs, until: (side) => side === 'crm' })
    }
    scene.#stack = stack.move()
    return scene
  }

  /** Has Nginx follow what is published; also after a restart of routing. */
  serveNginx(): void {
    const { routing, world } = this.routed
    const gateways = new FileGateways({
      fleet: world.fleet,
      send: (_, files) => files && this.#take(files),
      inspect: async () => undefined,
      now: Date.now,
    })
    this.#stack.use(gateways)
    routing.onTable(
      (update) => gateways.take(update),
      () => {},
    )
  }

  /** Which side answers; what comes back is counted as a gateway's log would be. */
  async ask(gateway: Gateway, headers: Headers = {}): Promise<string> {
    const port = gateway === 'edge' ? this.routed.port : this.#side
    const [status, service] = await new Promise<readonly [number, string]>((resolve) => {
      const outgoing = request({ host: '127.0.0.1', port, path: '/a', headers, agent: false }, (response) => {
        response.resume().on('end', () => resolve([response.statusCode ?? 0, String(response.headers['x-side'])]))
      })
      outgoing.on('error', () => resolve([0, 'nobody']))
      outgoing.end()
    })
    if (!this.counts) return service
    const took: number[] = []
    addTook(took, 1)
    const count = { requests: 1, errors: status >= 500 ? 1 : 0, totalMs: 1, took }
    this.routed.routing.traffic.count(gateway, [], Date.now(), [{ service, ...count }])
    return service
  }

  /** The users, of these many, that are on the canary at a gateway. */
  async onCanary(gateway: Gateway, count: number): Promise<ReadonlySet<string>> {
    const users = Array.from({ length: count }, (_, index) => `user-${index}`)
    const sides: string[] = []
    for (let from = 0; from < count; from += 20) {
      const some = users.slice(from, from + 20).map((user) => this.ask(gateway, { 'x-user-id': user }))
      sides.push(...(await Promise.all(some)))
    }
    return new Set(users.filter((_, index) => sides[index] === 'crm-next'))
  }

  /** The users on the canary, once they are this share of so many and stay so: proxies take their time. */
  async shareOf(gateway: Gateway, count: number, share: number): Promise<ReadonlySet<string>> {
    const off = share === 0 || share === 1 ? 0 : 0.12
    const look = async () => [await this.onCanary(gateway, count), await this.onCanary(gateway, count)] as const
    const [on] = await waitFor(look, {
      what: `${share * 100}% of the users of ${gateway} on the canary`,
      withinMs,
      until: ([before, on]) => isDeepStrictEqual(before, on) && Math.abs(on.size / count - share) <= off,
    })
    return on
  }

  get state(): SplitState {
    const seen = this.routed.routing.splits.find('crm')
    if (!seen) throw new Error('crm is not split')
    return seen.state
  }

  get waitingFor(): readonly string[] {
    return this.routed.routing.splits.find('crm')?.waitingFor ?? []
  }

  async order(action: SplitAction): Promise<void> {
    const outcome = await this.routed.routing.splits.order('crm', { action, by: 'anna', why: 'test' })
    if (outcome.kind !== 'done') throw new Error(`${action}: ${JSON.stringify(outcome)}`)
  }

  /** Asks both gateways until the split is in a phase, and in a step of it. @param headers of a request each time */
  async askUntil(phase: SplitPhase, step: number, headers: readonly Headers[]): Promise<void> {
    const look = async () => {
      await Promise.all(headers.flatMap((each) => [this.ask('edge', each), this.ask('side', each)]))
      return { phase: this.state.phase, step: this.state.step, waitingFor: this.waitingFor }
    }
    await waitFor(look, {
      what: `${phase} at step ${step}`,
      withinMs,
      until: (seen) => seen.phase === phase && seen.step === step,
    })
  }

  /** Waits until a request is answered by this side at both gateways. */
  async settledOn(side: 'crm' | 'crm-next', headers: Headers): Promise<void> {
    for (const gateway of ['edge', 'side'] as const) {
      const look = () => this.ask(gateway, headers)
      await waitFor(look, { what: `${side} at ${gateway}`, withinMs, until: (seen) => seen === side })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** The gateway `side` of an agent that runs an Nginx. */
export function startSide(): Promise<TestGateway> {
  return startGateway({ name: 'side', managed: true, run: true, workers: 1, reloads_per_minute: 600 })
}

/** How an Nginx takes files without an agent. */
async function plainNginx(stack: AsyncDisposableStack): Promise<(files: GatewayFiles) => void> {
  const nginx = stack.use(await startNginx({ conf: nginxConfiguration('include heddle-*.conf;') }))
  return ({ files }) => void nginx.reload(Object.fromEntries(files.map(({ path, content }) => [path, content])))
}
