import { resolve } from 'node:path'
import { openBackupFile } from '#shared/backup/read-backup.ts'
import { Failure } from '#shared/failure/failure.ts'
import { acknowledgedRevision } from '../acknowledged.ts'
import type { StoreSettings } from '../open-store.ts'
import { postgresqlFailure } from '../postgresql/failure.ts'
import { connectPostgresql, databaseNoteOf } from '../postgresql/open-postgresql.ts'
import { storeFailure } from '../sqlite/failure.ts'
import { type Connected, connectSqlite, noteOf } from '../sqlite/open-sqlite.ts'
import { type Restored, type RestoreParts, restore } from './restore.ts'

/** A statement may read a whole table. */
const statementMs = 600_000

/** Restores a file into the store that the configuration names, which nobody has open. Rejects as `restore` does, or STORE_UNAVAILABLE. */
export async function restoreStore(
  settings: StoreSettings,
  parts: Omit<RestoreParts, 'db' | 'name' | 'acknowledged'>,
): Promise<Restored & { readonly name: string }> {
  const path = resolve(settings.path)
  if (settings.path === ':memory:' && !settings.postgresql) {
    throw new Failure('STORE_UNAVAILABLE', 'A store that nobody keeps cannot be restored.', {
      remedy: 'Set journal.path.',
    })
  }
  const acknowledged = (installation: string) =>
    acknowledgedRevision(settings.postgresql ? databaseNoteOf(path, installation) : noteOf(path))
  await using to = await open(settings, path)
  try {
    const restored = await restore(openBackupFile(parts.file), { ...parts, db: to.db, name: to.name, acknowledged })
    return { ...restored, name: to.name }
  } catch (error) {
    throw settings.postgresql ? postgresqlFailure(error, to.name) : storeFailure(error, path)
  }
}

async function open({ postgresql, max_megabytes }: StoreSettings, path: string): Promise<Connected> {
  if (postgresql) return await connectPostgresql({ ...postgresql, statement_timeout: statementMs })
  const mostBytes = max_megabytes === undefined ? undefined : max_megabytes * 1024 * 1024
  return await connectSqlite({ path, mostBytes }, { restoring: true })
}
