import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import type { JournalConfig } from './config.ts'
import { type MigrationName, migrate } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { connectPostgresql } from './postgresql/open-postgresql.ts'
import { connectSqlite } from './sqlite/open-sqlite.ts'

/**
 * Brings the schema of a store forward or back to a migration. No plane may run on it. What the newer tables held is gone when they are.
 * Rejects with ARGUMENT_INVALID where there is no such migration, and as opening the store does.
 */
export async function migrateStore(config: JournalConfig, to: string): Promise<void> {
  if (!isMigration(to)) {
    throw new Failure('ARGUMENT_INVALID', `There is no migration ${to}.`, {
      remedy: `Name one of ${Object.keys(migrations).slice(-5).join(', ')}.`,
    })
  }
  if (config.postgresql) {
    await using store = await connectPostgresql(config.postgresql)
    await migrate(store.db, to)
    return
  }
  const path = resolve(config.path)
  await access(path).catch((cause: unknown) => {
    throw new Failure('STORE_UNAVAILABLE', `${path} cannot be read`, {
      cause,
      remedy: 'Check journal.path of the configuration.',
    })
  })
  await using store = await connectSqlite({ path, mostBytes: undefined })
  await migrate(store.db, to)
}

function isMigration(name: string): name is MigrationName & string {
  return Object.hasOwn(migrations, name)
}

/** The command `migrate <config.yaml> <migration>` of the plane's program. */
export function migrateCommand(
  load: (file: string) => Promise<{ readonly journal: JournalConfig }>,
  out: (text: string) => unknown = (text) => process.stdout.write(text),
) {
  return async ([config, to]: readonly string[]): Promise<number> => {
    if (config === undefined || to === undefined) {
      out('Usage: heddle-plane migrate <config.yaml> <migration>\n')
      return 2
    }
    const { journal } = await load(config)
    await migrateStore(journal, to)
    out(`The store is at ${to}. Start the version that knows it as its newest: a newer one brings it forward again.\n`)
    return 0
  }
}
