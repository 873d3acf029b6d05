import { open, readFile, rename } from 'node:fs/promises'
import * as z from 'zod/mini'
import type { SourceFile } from './parse.ts'

const Kept = z.object({ files: z.array(z.object({ file: z.string(), text: z.string() })) })

/** Puts the files of a good declaration aside, so that a later start finds them even when the declaration has become bad meanwhile. */
export async function keepDeclaration(path: string, files: readonly SourceFile[]): Promise<void> {
  const aside = `${path}.new`
  {
    await using file = await open(aside, 'w')
    await file.writeFile(JSON.stringify({ files }))
    await file.sync()
  }
  await rename(aside, path)
}

/** The files kept at `path`; undefined if there are none or they cannot be read. */
export async function readKept(path: string): Promise<readonly SourceFile[] | undefined> {
  try {
    return z.parse(Kept, JSON.parse(await readFile(path, 'utf8'))).files
  } catch {
    return undefined
  }
}
