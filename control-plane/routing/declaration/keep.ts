import * as z from 'zod/mini'
import { readJson } from '#shared/files/keep-json.ts'
import type { SourceFile } from './parse.ts'

const Kept = z.object({ files: z.array(z.object({ file: z.string(), text: z.string() })) })

/** The files that an earlier Heddle kept at `path`; undefined if there are none or they cannot be read. */
export async function readKept(path: string): Promise<readonly SourceFile[] | undefined> {
  const kept = await readJson(path, Kept)
  return kept.kind === 'read' ? kept.value.files : undefined
}
