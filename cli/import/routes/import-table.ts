import { readFile } from 'node:fs/promises'
import { Failure } from '#shared/failure/failure.ts'
import { type Imported, type WriteOptions, writeImported } from '../import-config.ts'
import { declarationText } from './declaration-text.ts'
import { draftTable, type TableOptions } from './to-draft.ts'

/**
 * Reads a table of routes and writes what it is as a declaration, all of it or nothing. Throws CONFIG_UNREADABLE, and
 * ARGUMENT_INVALID where a file is there already or a mapped address is not.
 */
export async function importTable(file: string, options: TableOptions & WriteOptions): Promise<Imported> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${file}`, { cause })
  })
  const { draft, contradictions, problems, notes, strangers } = draftTable(text, file, options)
  if (strangers.length > 0 && problems.length === 0) {
    throw new Failure('ARGUMENT_INVALID', `--service ${strangers.join(', ')}: no route leads to it`)
  }
  const content = declarationText(draft, 'Routes. Imported by heddle import routes.')
  return writeImported(
    { files: [{ path: 'routes/table.yaml', content }], contradictions, problems, notes, advice: [] },
    options,
  )
}
