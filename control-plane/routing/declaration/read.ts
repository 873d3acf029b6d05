import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { SourceFile } from './parse.ts'

/**
 * The files of a declaration: the one at `path`, or all `.yaml` and `.yml` files of the folder there, by name. Rejects with the error of
 * the file system if any of them cannot be read: half a declaration is none.
 */
export async function readDeclarationFiles(path: string): Promise<readonly SourceFile[]> {
  if (!(await stat(path)).isDirectory()) return [await readSource(path)]
  const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort()
  return Promise.all(names.map((name) => readSource(join(path, name))))
}

async function readSource(path: string): Promise<SourceFile> {
  return { file: basename(path), text: await readFile(path, 'utf8') }
}
