import { hostname } from 'node:os'
import { join } from 'node:path'
import type { EnvoyLimits } from '#shared/envoy/overload.ts'
import { envoyFileNames, gatewayFilePrefix } from '#shared/protocol/gateway-names.ts'
import type { EnvoyGatewayConfig } from '../config.ts'
import type { RefusalRules } from '../refusal-rules.ts'

/** Everything about one gateway with an Envoy, decided: no part asks again where something is. Times in milliseconds. */
export type EnvoySettings = {
  readonly name: string
  readonly proxy: 'envoy'
  readonly binary: string
  readonly run: boolean
  readonly folder: string
  /** What the names of its files begin with. */
  readonly filePrefix: string
  readonly names: EnvoyFileNames
  /** The file that Envoy is started with. */
  readonly bootstrap: string
  /** Address and port of its admin page. */
  readonly admin: string
  readonly nodeId: string
  readonly errorLog: string | undefined
  readonly workers: number | undefined
  readonly limits: EnvoyLimits
  /** The agent's own folder for an Envoy that it runs. */
  readonly home: string
  readonly shadow: string
  readonly good: string
  readonly retryMs: number
  readonly compareMs: number
  readonly testTimeoutMs: number
  readonly proofTimeoutMs: number
  readonly drainFile: string
  readonly drainNoticeMs: number
  /** What of the plane's files is not taken. */
  readonly rules: RefusalRules
}

export type EnvoyFileNames = ReturnType<typeof envoyFileNames>

/**
 * @param stateDir the agent's folder, absolute; the gateway's own is `gateway/<name>` in it
 * @param controlPorts of this host's proxies: no gateway leads there
 */
export function envoySettings(
  config: EnvoyGatewayConfig,
  stateDir: string,
  controlPorts: readonly number[] = [],
): EnvoySettings {
  const state = join(stateDir, 'gateway', config.name)
  const home = join(state, 'run')
  const folder = config.folder ?? join(state, 'envoy')
  const names = envoyFileNames(config.name)
  const filePrefix = gatewayFilePrefix(config.name)
  return {
    name: config.name,
    proxy: 'envoy',
    binary: config.binary,
    run: config.run,
    folder,
    filePrefix,
    names,
    bootstrap: join(folder, names.bootstrap),
    admin: config.admin,
    nodeId: config.node_id ?? hostname(),
    errorLog: config.error_log ?? (config.run ? join(home, 'envoy.log') : undefined),
    workers: config.workers,
    limits: { maxHeapBytes: config.max_heap_mib * 1024 ** 2, maxConnections: config.max_connections },
    home,
    shadow: join(state, 'shadow'),
    good: join(state, 'good'),
    retryMs: config.retry_every,
    compareMs: config.compare_every,
    testTimeoutMs: config.test_timeout,
    proofTimeoutMs: config.proof_timeout,
    drainFile: join(folder, `${filePrefix}draining`),
    drainNoticeMs: config.drain_notice,
    rules: { allow: config.allow, controlPorts },
  }
}
