import { readFile, rename } from 'node:fs/promises'
import * as z from 'zod/mini'
import type { Logger } from '../logging/logger.ts'
import { replaceFile } from './replace-file.ts'

/** What a file says. */
export type Kept<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'missing' }
  /** The disk does not give it. */
  | { readonly kind: 'unreadable'; readonly error: unknown }
  /** It is no JSON, or not of the schema. */
  | { readonly kind: 'damaged'; readonly error: unknown }

/** Reads a file that `writeJson` wrote, if there is one. Never rejects. */
export async function readJson<T extends z.core.$ZodType>(path: string, schema: T): Promise<Kept<z.core.output<T>>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
      ? { kind: 'missing' }
      : { kind: 'unreadable', error }
  }
  try {
    return { kind: 'read', value: z.parse(schema, JSON.parse(text)) }
  } catch (error) {
    return { kind: 'damaged', error }
  }
}

/**
 * Reads a file like `readJson`. One that is damaged is put aside, so that the next one does not take its place and somebody can look at
 * it. Never rejects.
 * @param consequence what its reader does without it, told in the log
 */
export async function readOrPutAside<T extends z.core.$ZodType>(
  path: string,
  schema: T,
  log: Logger,
  consequence: string,
): Promise<Kept<z.core.output<T>>> {
  const kept = await readJson(path, schema)
  if (kept.kind === 'unreadable') log.error({ err: kept.error, file: path }, consequence)
  if (kept.kind !== 'damaged') return kept
  const aside = `${path}.unreadable`
  await rename(path, aside).catch(() => {})
  log.error({ file: path, aside }, consequence)
  return kept
}

/** Writes a value as `replaceFile` writes a text. @param indent for people who look at it */
export async function writeJson(
  path: string,
  value: unknown,
  { mode = 0o640, indent }: { readonly mode?: number; readonly indent?: number } = {},
): Promise<void> {
  await replaceFile(path, `${JSON.stringify(value, undefined, indent)}\n`, { mode })
}
