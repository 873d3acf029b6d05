import type { Readable } from 'node:stream'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { StoreSettings } from '../open-store.ts'
import type { BackupWish } from './dump.ts'
import { openBackup } from './open-backup.ts'

/** The backups of a store that are read now: one at a time, since each keeps the store from tidying up. Disposing ends it. */
export class Backups implements Disposable {
  readonly #settings: StoreSettings
  readonly #about: Omit<BackupWish, 'metrics'>
  readonly #log: Logger
  #underway: { stream: Readable | undefined } | undefined

  constructor(settings: StoreSettings, about: Omit<BackupWish, 'metrics'>, log: Logger) {
    this.#settings = settings
    this.#about = about
    this.#log = log
  }

  /** The bytes of one as they are read. Rejects with BACKUP_UNDERWAY, or as `openBackup` does. @param by who asked */
  async begin({ metrics, by }: { readonly metrics: boolean; readonly by: string }): Promise<Readable> {
    if (this.#underway) throw new Failure('BACKUP_UNDERWAY', 'A backup is being made already.', { retryable: true })
    const mine: { stream: Readable | undefined } = { stream: undefined }
    this.#underway = mine
    const over = () => {
      if (this.#underway === mine) this.#underway = undefined
    }
    try {
      const stream = await openBackup(this.#settings, { ...this.#about, metrics })
      mine.stream = stream
      stream.once('close', over)
      this.#log.info({ by, metrics }, 'a backup is read')
      return stream
    } catch (error) {
      over()
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#underway?.stream?.destroy()
  }
}
