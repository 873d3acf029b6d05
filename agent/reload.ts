import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '#shared/logging/logger.ts'
import type { Notifier } from '#shared/notify/open-notifier.ts'
import type { AgentConfig } from './config.ts'

const live: readonly (keyof AgentConfig)[] = ['services', 'commands', 'logging', 'orders', 'authorizers']

/** The settings that differ and take effect only after a restart. */
export function needingRestart(before: AgentConfig, after: AgentConfig): readonly string[] {
  const keys = Object.keys({ ...before, ...after }) as (keyof AgentConfig)[]
  return keys.filter((key) => !live.includes(key) && !isDeepStrictEqual(before[key], after[key]))
}

/**
 * Reads the configuration again at each SIGHUP, one at a time, and hands it to `take`. A bad one is refused with its problems; the
 * one before goes on.
 */
export function reloadOnHangup(
  started: AgentConfig,
  load: () => Promise<AgentConfig>,
  take: (config: AgentConfig) => Promise<void>,
  log: Logger,
  notify: Pick<Notifier, 'reloading' | 'ready'>,
): Disposable {
  let last = Promise.resolve()
  const reload = async () => {
    notify.reloading()
    try {
      const next = await load()
      const restart = needingRestart(started, next)
      if (restart.length > 0) log.warn({ settings: restart }, 'these settings changed and need a restart')
      await take(next)
      log.info({ services: next.services.length }, 'configuration taken')
    } catch (error) {
      log.error({ err: error }, 'configuration refused; the one before goes on')
    } finally {
      notify.ready()
    }
  }
  const onHangup = () => {
    last = last.then(reload)
  }
  process.on('SIGHUP', onHangup)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', onHangup) }
}
