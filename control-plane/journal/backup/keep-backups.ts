import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { unfinished } from '#shared/backup/write-aside.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type MadeBackup, makeBackup } from './make-backup.ts'

export type BackupSettings = {
  readonly folder: string
  /** Milliseconds. */
  readonly every: number
  /** How many of them stay. */
  readonly keep: number
}

export type KeepParts = {
  readonly settings: BackupSettings
  readonly installation: string
  readonly open: () => Promise<Readable>
  /** Whether it is this plane that makes them: one of those that share a store. */
  readonly leads: () => boolean
  readonly log: Logger
  /** The end of the plane: what is being made is broken off. */
  readonly signal?: AbortSignal
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** After a failure it is tried again so soon. */
const retryMs = 5 * 60_000
/** What a plane that was killed was writing goes after this. */
const staleMs = 24 * 3_600_000

/**
 * Makes a backup whenever the newest one in the folder is old enough, and removes those beyond the newest `keep`: only ones of this
 * installation, and only when a new one is whole. What fails is a problem until one succeeds.
 */
export class BackupKeeper {
  readonly #parts: KeepParts
  readonly #now: () => number
  #failure: { readonly error: Failure; readonly at: number } | undefined
  #last: { readonly file: string; readonly at: number } | undefined

  constructor(parts: KeepParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** Looks whether one is due, and makes it. Never rejects: what fails is a problem. To be called by the clock, one at a time. */
  async look(): Promise<void> {
    const { settings, leads, log, signal } = this.#parts
    if (!leads() || signal?.aborted) return
    if (this.#failure && this.#now() - this.#failure.at < retryMs) return
    try {
      // It may be on a disk that is not mounted yet, and whoever may list it sees who is in it.
      await mkdir(settings.folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
        throw unfit(settings.folder, cause)
      })
      const kept = await this.#kept()
      const [newest] = kept
      if (newest) this.#last = newest
      // A clock that was set back must not stop them.
      const age = newest ? Math.abs(this.#now() - newest.at) : Number.POSITIVE_INFINITY
      if (age < settings.every) return this.#over()
      const { file, bytes, header } = await this.#make()
      log.info({ file, bytes, revision: header.revision }, 'a backup is made')
      await this.#tidy()
      this.#over()
    } catch (error) {
      // Somebody asked for one just now.
      if (error instanceof Failure && error.code === 'BACKUP_UNDERWAY') return
      if (signal?.aborted) return log.info('a backup is broken off, since the plane ends')
      const failure =
        error instanceof Failure ? error : new Failure('BACKUP_FAILED', 'A backup could not be made', { cause: error })
      log.error({ err: failure }, 'a backup could not be made')
      this.#failure = { error: failure, at: this.#now() }
    }
  }

  /** What a person must see to, in words. */
  problems(): readonly string[] {
    if (!this.#failure || !this.#parts.leads()) return []
    const { error } = this.#failure
    const newest = this.#last ? `the newest one is of ${new Date(this.#last.at).toISOString()}` : 'there is none'
    return [`Backups fail, ${newest}: ${explainError(error)} (${error.code}). ${error.remedy}`]
  }

  #over(): void {
    if (this.#failure) this.#parts.log.info('backups are made again')
    this.#failure = undefined
  }

  async #make(): Promise<MadeBackup> {
    const { settings, installation, open, signal } = this.#parts
    const at = this.#now()
    const file = join(settings.folder, backupName(installation, at))
    const made = await makeBackup(file, open, signal)
    this.#last = { file, at }
    return made
  }

  async #tidy(): Promise<void> {
    const { settings, log } = this.#parts
    const old = (await this.#kept()).slice(settings.keep)
    for (const { file } of old) await rm(file, { force: true })
    if (old.length > 0) log.info({ removed: old.length }, 'old backups are removed')
    for (const name of await readdir(settings.folder)) {
      if (!name.startsWith('.heddle-') || !name.endsWith(unfinished)) continue
      const path = join(settings.folder, name)
      const { mtimeMs } = await stat(path)
      if (this.#now() - mtimeMs > staleMs) await rm(path, { force: true })
    }
  }

  /** The newest first. */
  async #kept(): Promise<readonly { readonly file: string; readonly at: number }[]> {
    const { settings, installation } = this.#parts
    const names = await readdir(settings.folder).catch((cause: unknown) => {
      throw unfit(settings.folder, cause)
    })
    return names
      .flatMap((name) => {
        const at = timeOf(name, installation)
        return at === undefined ? [] : [{ file: join(settings.folder, name), at }]
      })
      .sort((a, b) => b.at - a.at)
  }
}

/** `heddle-i-0123456789abcdef-20260301T090000Z.zst` */
export function backupName(installation: string, at: number): string {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
  return `heddle-${installation}-${time}.zst`
}

/** When a backup of this name was made; undefined: it is none of this installation. */
export function timeOf(name: string, installation: string): number | undefined {
  const [, of, ...parts] = /^heddle-(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.zst$/.exec(name) ?? []
  if (of !== installation) return undefined
  const [year, month, day, hour, minute, second] = parts
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : at
}

function unfit(folder: string, cause: unknown): Failure {
  return new Failure('BACKUP_FAILED', `The folder ${folder} cannot be used`, {
    cause,
    retryable: true,
    remedy: 'Check journal.backup.folder: that its disk is mounted, and that the user of the process may write there.',
  })
}
