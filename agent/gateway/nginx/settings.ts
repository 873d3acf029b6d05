import { join } from 'node:path'
import { gatewayFilePrefix } from '#shared/protocol/gateway-names.ts'
import { defaultFolder, defaultPidFile, type NginxGatewayConfig } from '../config.ts'
import type { RefusalRules } from '../refusal-rules.ts'

/** Everything about one gateway with an Nginx, decided: no part asks again where something is. Times in milliseconds. */
export type GatewaySettings = {
  readonly name: string
  readonly proxy: 'nginx'
  readonly binary: string
  readonly managed: boolean
  readonly run: boolean
  /** The main file that Nginx is started with. */
  readonly mainConfig: string
  readonly folder: string
  readonly pidFile: string
  readonly errorLog: string | undefined
  /** Has somebody with more rights reload it; false: nobody is there, and the agent signals it itself. */
  readonly reloadUnit: ((stop: AbortSignal) => Promise<boolean>) | undefined
  /** Address and port of the proof. */
  readonly proof: string
  /** What the names of its files begin with. */
  readonly filePrefix: string
  readonly proofFile: string
  /** What Nginx is started with as its prefix; undefined: the one that it was built with. */
  readonly prefix: string | undefined
  /** The agent's own folder for a managed Nginx. */
  readonly home: string
  readonly shadow: string
  readonly good: string
  readonly reloadsPerMinute: number
  readonly drainingGenerations: number
  readonly hasten: boolean
  readonly workerShutdownMs: number
  readonly workers: number | undefined
  readonly workerConnections: number
  readonly user: string | undefined
  readonly retryMs: number
  readonly compareMs: number
  readonly testTimeoutMs: number
  readonly proofTimeoutMs: number
  readonly drainFile: string
  readonly drainNoticeMs: number
  /** What of the plane's files is not taken. */
  readonly rules: RefusalRules
}

/** Has a unit read its configuration anew; false: there is nobody who could. Rejects with why it could not. */
export type ReloadUnit = (unit: string, stop: AbortSignal) => Promise<boolean>

/**
 * @param stateDir the agent's folder, absolute; the gateway's own is `gateway/<name>` in it
 * @param controlPorts of this host's proxies: no gateway leads there
 */
export function gatewaySettings(
  config: NginxGatewayConfig,
  stateDir: string,
  controlPorts: readonly number[] = [],
  reloadUnit?: ReloadUnit,
): GatewaySettings {
  const state = join(stateDir, 'gateway', config.name)
  const home = join(state, 'nginx')
  const filePrefix = gatewayFilePrefix(config.name)
  const { managed, unit } = config
  // Nginx's workers, who look for the file, can enter the folder that Nginx reads.
  const folder = config.folder ?? (managed ? join(home, 'conf') : defaultFolder)
  return {
    name: config.name,
    proxy: 'nginx',
    binary: config.binary,
    managed,
    run: config.run,
    mainConfig: managed ? join(home, 'nginx.conf') : config.main_config,
    folder,
    pidFile: config.pid_file ?? (managed ? join(home, 'nginx.pid') : defaultPidFile),
    errorLog: config.error_log ?? (managed ? join(home, 'error.log') : undefined),
    reloadUnit: unit === undefined || !reloadUnit ? undefined : (stop) => reloadUnit(unit, stop),
    proof: config.proof,
    filePrefix,
    proofFile: `${filePrefix}proof.conf`,
    prefix: managed ? home : config.prefix,
    home,
    shadow: join(state, 'shadow'),
    good: join(state, 'good'),
    reloadsPerMinute: config.reloads_per_minute,
    drainingGenerations: config.draining_generations,
    hasten: config.hasten,
    workerShutdownMs: config.worker_shutdown_timeout,
    workers: config.workers,
    workerConnections: config.worker_connections,
    user: config.user,
    retryMs: config.retry_every,
    compareMs: config.compare_every,
    testTimeoutMs: config.test_timeout,
    proofTimeoutMs: config.proof_timeout,
    drainFile: join(folder, `${filePrefix}draining`),
    drainNoticeMs: config.drain_notice,
    rules: { allow: config.allow, controlPorts },
  }
}
