import type { Logger } from '#shared/logging/logger.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import type { GatewayConfig } from './gateway/config.ts'

export type NodeGateways = AsyncDisposable & {
  /** Gives each gateway its files, if they are others than it has. */
  want(files: Readonly<Record<string, GatewayFiles>>): void
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
      tellAgain() {},
      async [Symbol.asyncDispose]() {},
    }
  }
  const { startGateways } = await import('./gateway/start-gateways.ts')
  const gateways = startGateways(configs, { log, stateDir, onOutcome, signal: stop })
  return {
    want(files) {
      for (const [gateway, set] of Object.entries(files)) {
        if (sameSet(taken.get(gateway), set)) continue
        taken.set(gateway, set)
        gateways.take(gateway, set)
      }
    },
    tellAgain() {
      for (const [gateway, outcome] of outcomes) send({ type: 'applied', gateway, outcome })
    },
    [Symbol.asyncDispose]: () => gateways[Symbol.asyncDispose](),
  }
}

function sameSet(a: GatewayFiles | undefined, b: GatewayFiles): boolean {
  return a?.version === b.version && a.revision === b.revision && a.urgent === b.urgent
}
