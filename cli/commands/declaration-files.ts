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
  const isFolder = (await stat(path)).isDirectory()
  throw new Failure('CONFIG_UNREADABLE', isFolder ? `${path} has no .yaml or .yml file` : `cannot read ${path}`)
}
