import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Inspections } from '#shared/protocol/drift.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import type { DrainState, NodeOrder } from '#shared/protocol/orders.ts'
import type { EnvoyConfig } from './envoys/config.ts'
import { isWithin } from './gateway/allowed-paths.ts'
import type { GatewayConfig } from './gateway/config.ts'
import { controlPortsOf } from './gateway/control-ports.ts'
import type { Found } from './gateway/start-gateway.ts'

export type NodeGateways = AsyncDisposable & {
  /** Gives each gateway its files, if they are others than it has. */
  want(files: Readonly<Record<string, GatewayFiles>>): void
  /** Has all of them drain or serve, as their node is admitted. A plane that does not say so changes nothing. */
  admit(order: NodeOrder | undefined): void
  /** How each stands towards the balancers in front. */
  readonly drains: Readonly<Record<string, DrainState>>
  /** Looks at gateways, each as often as it is asked for by another id, and tells what it found. */
  inspect(inspections: Inspections): void
  /** Tells a new session what became of the sets so far. */
  tellAgain(): void
}

type Parts = {
  /** The Envoys that ask the plane themselves. */
  readonly envoys?: readonly EnvoyConfig[]
  /** Ports of the agent's own: no gateway leads there. */
  readonly ownPorts?: readonly number[]
  readonly log: Logger
  readonly stateDir: string
  readonly send: (message: AgentMessage) => boolean
  /** One of them stands otherwise towards the balancers in front. */
  readonly onDrain?: () => void
  /** By whom a proxy's unit is reloaded; false: by nobody. */
  readonly reloadUnit?: (unit: string, stop: AbortSignal) => Promise<boolean>
  readonly stop: AbortSignal
}

/** The gateways of this node between session and proxies. On a node without any, none of their code is loaded. */
export async function openGateways(
  configs: readonly GatewayConfig[],
  { envoys = [], ownPorts = [], log, stateDir, send, onDrain = () => {}, reloadUnit, stop }: Parts,
): Promise<NodeGateways> {
  const outcomes = new Map<string, GatewayOutcome>()
  const taken = new Map<string, GatewayFiles>()
  const onOutcome = (gateway: string, outcome: GatewayOutcome) => {
    outcomes.set(gateway, outcome)
    send({ type: 'applied', gateway, outcome })
  }
  if (configs.length + envoys.length === 0) {
    return {
      want(files) {
        for (const [gateway, { version }] of Object.entries(files)) {
          send({
            type: 'applied',
            gateway,
            outcome: { state: 'rejected', version, error: 'this node runs no gateway' },
          })
        }
      },
      admit() {},
      drains: {},
      inspect(inspections) {
        for (const [id, { gateway }] of Object.entries(inspections)) {
          send({ type: 'inspected', id, gateway, differences: [], serves: false, error: 'this node runs no gateway' })
        }
      },
      tellAgain() {},
      async [Symbol.asyncDispose]() {},
    }
  }
  const [{ startGateways }, { RequestCounts }, { CounterWatch }, { lookAtEnvoys }, { drainOf }, { drainEnvoys }] =
    await Promise.all([
      import('./gateway/start-gateways.ts'),
      import('./gateway/nginx/count-requests.ts'),
      import('./envoys/watch-counters.ts'),
      import('./envoys/look-at-envoys.ts'),
      import('./gateway/drain-order.ts'),
      import('./envoys/drain-envoys.ts'),
    ])
  const end = new AbortController()
  let asked: ReadonlySet<string> = new Set()
  const counts = new RequestCounts({ send, log, stop: AbortSignal.any([stop, end.signal]) })
  const counters = new CounterWatch({ send, log, stop: AbortSignal.any([stop, end.signal]) })
  for (const { gateway, admin } of envoys) counters.follow(gateway, admin)
  /** An Envoy without an access log has its counters. */
  const count = async (gateway: string, named: string | undefined) => {
    const config = configs.find(({ name }) => name === gateway)
    // No other file of this host is read because the plane names it.
    const accessLog = named !== undefined && isWithin(named, config?.allow.logs ?? []) ? named : undefined
    if (config?.proxy === 'envoy' && accessLog === undefined) counters.follow(gateway, config.admin)
    else if (config?.proxy === 'envoy') await counters.leave(gateway, config.admin)
    await counts.follow(gateway, accessLog)
  }
  const controlPorts = [...controlPortsOf({ gateways: [], envoys }), ...ownPorts]
  const gateways = startGateways(configs, {
    ...{ log, stateDir, onOutcome, onDrain, controlPorts, signal: stop },
    ...(reloadUnit ? { reloadUnit } : {}),
  })
  const ending = AbortSignal.any([stop, end.signal])
  const asking = await drainEnvoys(envoys, { stateDir, log, onDrain, stop: ending })
  let admitted: NodeOrder | undefined
  return {
    want(files) {
      for (const [gateway, set] of Object.entries(files)) {
        if (sameSet(taken.get(gateway), set)) continue
        taken.set(gateway, set)
        gateways.take(gateway, set)
        count(gateway, set.accessLog).catch(fault(log, 'an access log cannot be followed'))
      }
    },
    admit(order) {
      // The same word again says nothing new: how long it holds was told with it.
      if (order === undefined || order === admitted) return
      admitted = order
      const drain = drainOf(order, Date.now())
      gateways.drain(drain)
      asking.drain(drain)
    },
    get drains() {
      const own = gateways.status().map(({ gateway, drain }) => [gateway, drain] as const)
      return { ...Object.fromEntries(own), ...asking.states }
    },
    inspect(inspections) {
      const known = asked
      asked = new Set(Object.keys(inspections))
      for (const [id, { gateway: name, repair, endpointsOf = [] }] of Object.entries(inspections)) {
        if (known.has(id)) continue
        const gateway = gateways.gateway(name)
        const tell = (found: Found) => void send({ type: 'inspected', id, gateway: name, ...found })
        const none: Found = { differences: [], serves: false, error: `this node runs no gateway ${name}` }
        const watched = envoys.filter((envoy) => envoy.gateway === name)
        if (watched.length > 0) void lookAtEnvoys(watched, endpointsOf).then(tell)
        else if (!gateway) tell(none)
        else {
          void gateway.inspect().then((found) => {
            if (repair) gateway.repair()
            tell(found)
          })
        }
      }
    },
    tellAgain() {
      asked = new Set()
      counters.tellAgain()
      for (const [gateway, outcome] of outcomes) send({ type: 'applied', gateway, outcome })
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await counters[Symbol.asyncDispose]()
      await counts[Symbol.asyncDispose]()
      await asking[Symbol.asyncDispose]()
      await gateways[Symbol.asyncDispose]()
    },
  }
}

function sameSet(a: GatewayFiles | undefined, b: GatewayFiles): boolean {
  return a?.version === b.version && a.revision === b.revision && a.urgent === b.urgent
}
