import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { openStore, type StoreSettings } from './open-store.ts'
import type { Store } from './store.ts'

const retryMs = 1_000
/** It is said again so often. */
const saidEvery = 30

/**
 * Opens the store, and waits for a database that cannot be used yet: it may start together with this plane. For a file nobody waits.
 * Rejects as openStore does, also when it is stopped before.
 */
export async function reachStore(settings: StoreSettings, log: Logger, signal: AbortSignal): Promise<Store> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await openStore(settings)
    } catch (error) {
      const waits = settings.postgresql && error instanceof Failure && error.retryable
      if (!waits || signal.aborted) throw error
      if (tries % saidEvery === 0) warn(log, 'the database cannot be used yet; it is waited for')(error)
      await pause(retryMs, signal)
    }
  }
}
