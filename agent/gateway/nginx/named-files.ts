import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FileSet } from '../file-set.ts'
import { readDirectives } from './directives.ts'

/** Directives that name files of others, which Nginx reads when it reloads and never looks at again. */
const naming = new Set(['ssl_certificate', 'ssl_certificate_key', 'proxy_ssl_trusted_certificate'])

/**
 * What certificates and the like hold that a gateway's files name. It counts as a part of what is served, so that a renewed certificate is
 * a change that has to be proven, like any other.
 */
export class NamedFiles {
  #prints: FileSet = new Map()

  /** By path, as they were when they were last looked at. */
  get prints(): FileSet {
    return this.#prints
  }

  async look(files: FileSet): Promise<void> {
    const paths = namedIn(files)
    this.#prints = new Map(await Promise.all(paths.map(async (path) => [path, await printOf(path)] as const)))
  }
}

/** The files that a set names, in a stable order. */
export function namedIn(files: FileSet): readonly string[] {
  const named = [...files.values()].flatMap((content) =>
    readDirectives(content).flatMap(({ name, args }) => (naming.has(name) ? args.map(({ value }) => value) : [])),
  )
  return [...new Set(named)].sort()
}

async function printOf(path: string): Promise<string> {
  return readFile(path).then(
    (content) => createHash('sha256').update(content).digest('hex'),
    // Whether that is an error, Nginx says by itself.
    () => '',
  )
}
