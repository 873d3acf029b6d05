import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import type { JournalConfig } from './config.ts'
import { type Copied, copyStore } from './copy-store.ts'
import { connectPostgresql } from './postgresql/open-postgresql.ts'
import { connectSqlite } from './sqlite/open-sqlite.ts'

/** Copies what the store of a file holds into the database that the configuration names. The plane of that file must have ended. */
export async function importJournal(config: JournalConfig, file: string): Promise<Copied> {
  if (!config.postgresql) {
    throw new Failure('CONFIG_INVALID', 'The configuration names no database to import into.', {
      remedy: 'Add journal.postgresql to it.',
    })
  }
  // Opening what is not there would make a new one.
  await access(file).catch((cause: unknown) => {
    throw new Failure('STORE_UNAVAILABLE', `${file} cannot be read`, { cause, remedy: 'Name the file of a journal.' })
  })
  await using from = await connectSqlite({ path: resolve(file), mostBytes: undefined })
  await using to = await connectPostgresql(config.postgresql)
  return await copyStore(from.db, to.db, to.name)
}

/** The command `import-journal <config.yaml> <file>` of the plane's program. */
export function importCommand(
  load: (file: string) => Promise<{ readonly journal: JournalConfig }>,
  out: (text: string) => unknown = (text) => process.stdout.write(text),
) {
  return async ([config, file]: readonly string[]): Promise<number> => {
    if (config === undefined || file === undefined) {
      out('Usage: heddle-plane import-journal <config.yaml> <heddle.db>\n')
      return 2
    }
    const { journal } = await load(config)
    const copied = await importJournal(journal, file)
    for (const [table, rows] of Object.entries(copied)) out(`${table}: ${rows}\n`)
    out('Every table has as many rows as the file has. The file keeps what it has.\n')
    return 0
  }
}
