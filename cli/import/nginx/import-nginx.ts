import { Failure } from '#shared/failure/failure.ts'
import { type Imported, type WriteOptions, writeImported } from '../import-config.ts'
import { declarationText } from '../routes/declaration-text.ts'
import { readNginxFolder } from './read-folder.ts'
import { draftNginx, type NginxOptions } from './to-draft.ts'

/**
 * Reads an nginx configuration and writes what it is as a declaration, all of it or nothing. Throws CONFIG_UNREADABLE, and
 * ARGUMENT_INVALID where a file is there already or a mapped upstream is not.
 */
export async function importNginx(path: string, options: NginxOptions & WriteOptions): Promise<Imported> {
  const { draft, contradictions, problems, notes, strangers } = draftNginx(await readNginxFolder(path), options)
  if (strangers.length > 0) {
    throw new Failure(
      'ARGUMENT_INVALID',
      `--service ${strangers.join(', ')}: nothing is proxied to an upstream of this name`,
    )
  }
  const content = declarationText(draft, 'Routes. Imported by heddle import nginx.')
  const files = [{ path: 'routes/nginx.yaml', content }]
  return writeImported({ files, contradictions, problems, notes, advice: [] }, options)
}
