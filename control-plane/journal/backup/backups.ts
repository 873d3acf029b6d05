import type { Readable } from 'node:stream'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { StoreSettings } from '../open-store.ts'
import type { BackupWish } from './dump.ts'
import { openBackup } from './open-backup.ts'

/** The backups of a store that are read now: one at a time, since each keeps the store from tidying up. Disposing ends it, and any later one. */
export class Backups implements Disposable {
  readonly #settings: StoreSettings
  readonly #about: Omit<BackupWish, 'metrics'>
  readonly #log: Logger
  readonly #ending = new AbortController()
  #isUnderway = false

  constructor(settings: StoreSettings, about: Omit<BackupWish, 'metrics'>, log: Logger) {
    this.#settings = settings
    this.#about = about
    this.#log = log
  }

  /** Aborted, with what is to be said of a backup that it breaks off, when no more are made. */
  get ended(): AbortSignal {
    return this.#ending.signal
  }

  /** The bytes of one as they are read. Rejects with BACKUP_UNDERWAY, or as `openBackup` does. @param by who asked */
  async begin({ metrics, by }: { readonly metrics: boolean; readonly by: string }): Promise<Readable> {
    if (this.#isUnderway) throw new Failure('BACKUP_UNDERWAY', 'A backup is being made already.', { retryable: true })
    this.#isUnderway = true
    const over = () => {
      this.#isUnderway = false
    }
    try {
      const stream = await openBackup(this.#settings, { ...this.#about, metrics }, { signal: this.ended })
      stream.once('close', over)
      this.#log.info({ by, metrics }, 'a backup is read')
      return stream
    } catch (error) {
      over()
      throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.ended.aborted) return
    const remedy = 'Ask another plane for one, or this one when it runs again.'
    this.#ending.abort(new Failure('BACKUP_FAILED', 'This plane ends.', { retryable: true, remedy }))
  }
}
