import type { Logger } from '#shared/logging/logger.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { GatewayConfig } from './config.ts'
import { gatewaySettings } from './settings.ts'
import { type GatewayStatus, startGateway } from './start-gateway.ts'

export type GatewayOptions = {
  readonly log: Logger
  /** The agent's folder, absolute. Each gateway keeps its last good set below `gateway/<name>`. */
  readonly stateDir: string
  /** Called with each outcome of a set: proven, rejected, blocked or waiting. */
  readonly onOutcome: (gateway: string, outcome: GatewayOutcome) => void
  readonly signal: AbortSignal
}

export type Gateways = AsyncDisposable & {
  /** Gives a gateway the set that it should serve. One that this node does not run answers `rejected`. */
  take(gateway: string, files: GatewayFiles): void
  status(): readonly GatewayStatus[]
}

/** Runs this node's gateways. Each starts with its last good set, so it serves while the plane is away. */
export function startGateways(configs: readonly GatewayConfig[], options: GatewayOptions): Gateways {
  const { log, stateDir, onOutcome, signal } = options
  const end = new AbortController()
  const stop = AbortSignal.any([signal, end.signal])
  const gateways = new Map(
    configs.map((config) => {
      const settings = gatewaySettings(config, stateDir)
      const surroundings = { log, stop, onOutcome: (outcome: GatewayOutcome) => onOutcome(config.name, outcome) }
      return [config.name, startGateway(settings, surroundings)] as const
    }),
  )
  return {
    take(name, files) {
      const gateway = gateways.get(name)
      if (gateway) gateway.take(files)
      else onOutcome(name, { state: 'rejected', version: files.version, error: `this node runs no gateway ${name}` })
    },
    status: () => [...gateways.values()].map((gateway) => gateway.status()),
    async [Symbol.asyncDispose]() {
      end.abort()
      await Promise.all([...gateways.values()].map(({ ended }) => ended))
    },
  }
}
