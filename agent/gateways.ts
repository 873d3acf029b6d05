import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Inspections } from '#shared/protocol/drift.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import type { GatewayConfig } from './gateway/config.ts'
import type { Found } from './gateway/start-gateway.ts'

export type NodeGateways = AsyncDisposable & {
  /** Gives each gateway its files, if they are others than it has. */
  want(files: Readonly<Record<string, GatewayFiles>>): void
  /** Looks at gateways, each as often as it is asked for by another id, and tells what it found. */
  inspect(inspections: Inspections): void
  /** Tells a new session what became of the sets so far. */
  tellAgain(): void
}

type Parts = {
  readonly log: Logger
  readonly stateDir: string
  readonly send: (message: AgentMessage) => boolean
  readonly stop: AbortSignal
}

/** The gateways of this node between session and proxies. On a node without any, none of their code is loaded. */
export async function openGateways(
  configs: readonly GatewayConfig[],
  { log, stateDir, send, stop }: Parts,
): Promise<NodeGateways> {
  const outcomes = new Map<string, GatewayOutcome>()
  const taken = new Map<string, GatewayFiles>()
  const onOutcome = (gateway: string, outcome: GatewayOutcome) => {
    outcomes.set(gateway, outcome)
    send({ type: 'applied', gateway, outcome })
  }
  if (configs.length === 0) {
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
      inspect(inspections) {
        for (const [id, { gateway }] of Object.entries(inspections)) {
          send({ type: 'inspected', id, gateway, differences: [], serves: false, error: 'this node runs no gateway' })
        }
      },
      tellAgain() {},
      async [Symbol.asyncDispose]() {},
    }
  }
  const [{ startGateways }, { RequestCounts }] = await Promise.all([
    import('./gateway/start-gateways.ts'),
    import('./gateway/count-requests.ts'),
  ])
  const end = new AbortController()
  let asked: ReadonlySet<string> = new Set()
  const counts = new RequestCounts({ send, log, stop: AbortSignal.any([stop, end.signal]) })
  const gateways = startGateways(configs, { log, stateDir, onOutcome, signal: stop })
  return {
    want(files) {
      for (const [gateway, set] of Object.entries(files)) {
        if (sameSet(taken.get(gateway), set)) continue
        taken.set(gateway, set)
        gateways.take(gateway, set)
        counts.follow(gateway, set.accessLog).catch(fault(log, 'an access log cannot be followed'))
      }
    },
    inspect(inspections) {
      const known = asked
      asked = new Set(Object.keys(inspections))
      for (const [id, { gateway: name, repair }] of Object.entries(inspections)) {
        if (known.has(id)) continue
        const gateway = gateways.gateway(name)
        const tell = (found: Found) => void send({ type: 'inspected', id, gateway: name, ...found })
        const none: Found = { differences: [], serves: false, error: `this node runs no gateway ${name}` }
        if (!gateway) tell(none)
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
      for (const [gateway, outcome] of outcomes) send({ type: 'applied', gateway, outcome })
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await counts[Symbol.asyncDispose]()
      await gateways[Symbol.asyncDispose]()
    },
  }
}

function sameSet(a: GatewayFiles | undefined, b: GatewayFiles): boolean {
  return a?.version === b.version && a.revision === b.revision && a.urgent === b.urgent
}
