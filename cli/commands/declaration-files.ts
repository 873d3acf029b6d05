import { stat } from 'node:fs/promises'
import type { SourceFile } from '#control-plane/routing/declaration/parse.ts'
import { readDeclarationFiles } from '#control-plane/routing/declaration/read.ts'
import { Failure } from '#shared/failure/failure.ts'

export const pathHelp = 'a YAML file, or a folder whose .yaml and .yml files are one declaration together'

/** The files of a declaration. Throws CONFIG_UNREADABLE. */
export async function readDeclaration(path: string): Promise<SourceFile[]> {
  try {
    const files = await readDeclarationFiles(path)
    if (files.length > 0) return files.map(({ file, text }) => ({ file, text }))
  } catch (cause) {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`, { cause })
  }
  if (!(await stat(path)).isDirectory()) throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`)
  throw new Failure('CONFIG_UNREADABLE', `${path} has no .yaml or .yml file`, {
    remedy: 'Name the file that has the declaration, or the folder where its files are.',
  })
}
