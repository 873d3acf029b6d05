import type { Logger } from '#shared/logging/logger.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { GatewayConfig } from './config.ts'
import { controlPortsOf } from './control-ports.ts'
import type { DrainOrder } from './drain-order.ts'
import { envoySettings } from './envoy/settings.ts'
import { gatewaySettings, type ReloadUnit } from './nginx/settings.ts'
import type { LoopSettings } from './proxy.ts'
import { type Gateway, type GatewayStatus, type OpenProxy, startGateway } from './start-gateway.ts'

export type GatewayOptions = {
  readonly log: Logger
  /** The agent's folder, absolute. Each gateway keeps its last good set below `gateway/<name>`. */
  readonly stateDir: string
  /** Called with each outcome of a set: proven, rejected, blocked or waiting. */
  readonly onOutcome: (gateway: string, outcome: GatewayOutcome) => void
  /** Called when a gateway stands otherwise towards the balancers in front. */
  readonly onDrain?: () => void
  /** Ports of this host's loopback to which no gateway may lead, besides those of these gateways' own proxies. */
  readonly controlPorts?: readonly number[]
  /** By whom a proxy's unit is reloaded; false: by nobody. */
  readonly reloadUnit?: ReloadUnit
  readonly signal: AbortSignal
}

export type Gateways = AsyncDisposable & {
  /** Gives a gateway the set that it should serve. One that this node does not run answers `rejected`. */
  take(gateway: string, files: GatewayFiles): void
  status(): readonly GatewayStatus[]
  /** Has all of them drain, or serve again where there is no order. */
  drain(order: DrainOrder | undefined): void
  /** Undefined: this node runs no such gateway. */
  gateway(name: string): Pick<Gateway, 'inspect' | 'repair'> | undefined
}

/** Runs this node's gateways. Each starts with its last good set, so it serves while the plane is away. */
export function startGateways(configs: readonly GatewayConfig[], options: GatewayOptions): Gateways {
  const { log, stateDir, onOutcome, onDrain = () => {}, signal } = options
  const controlPorts = [...controlPortsOf({ gateways: configs }), ...(options.controlPorts ?? [])]
  const end = new AbortController()
  const stop = AbortSignal.any([signal, end.signal])
  const gateways = new Map(
    configs.map((config) => {
      const { settings, open } = kindOf(config, stateDir, controlPorts, options)
      const surroundings = {
        log,
        open,
        stop,
        onOutcome: (outcome: GatewayOutcome) => onOutcome(config.name, outcome),
        onDrain,
      }
      return [config.name, { proxy: config.proxy, ...startGateway(settings, surroundings) }] as const
    }),
  )
  return {
    take(name, files) {
      const gateway = gateways.get(name)
      const wrong =
        gateway === undefined
          ? `this node runs no gateway ${name}`
          : gateway.proxy === files.proxy
            ? undefined
            : `the declaration makes ${name} a gateway of ${files.proxy}, and this node runs ${gateway.proxy} for it`
      if (wrong === undefined) gateway?.take(files)
      else onOutcome(name, { state: 'rejected', version: files.version, error: wrong })
    },
    gateway: (name) => gateways.get(name),
    drain(order) {
      for (const gateway of gateways.values()) gateway.drain(order)
    },
    status: () => [...gateways.values()].map((gateway) => gateway.status()),
    async [Symbol.asyncDispose]() {
      end.abort()
      await Promise.all([...gateways.values()].map(({ ended }) => ended))
    },
  }
}

type Kind = { readonly settings: LoopSettings; readonly open: OpenProxy }

/** What runs a gateway's kind of proxy; its code is loaded only where there is one. */
function kindOf(
  config: GatewayConfig,
  stateDir: string,
  controlPorts: readonly number[],
  { log, reloadUnit }: Pick<GatewayOptions, 'log' | 'reloadUnit'>,
): Kind {
  switch (config.proxy) {
    case 'nginx': {
      const settings = gatewaySettings(config, stateDir, controlPorts, reloadUnit)
      const open = async (stop: AbortSignal) => (await import('./nginx/open-nginx.ts')).openNginx(settings, log, stop)
      return { settings, open }
    }
    case 'envoy': {
      const settings = envoySettings(config, stateDir, controlPorts)
      const open = async (stop: AbortSignal) => (await import('./envoy/open-envoy.ts')).openEnvoy(settings, log, stop)
      return { settings, open }
    }
  }
}
