import { access, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { type Contradiction, merge } from './merge.ts'
import { readFormer } from './read-former.ts'
import { type ConfigFile, render } from './render.ts'
import type { Remark } from './statement.ts'

/** What became of an import. */
export type Imported = {
  readonly files: readonly ConfigFile[]
  /** The folder in which they are; null: nothing was written. */
  readonly written: string | null
  readonly contradictions: readonly Contradiction[]
  readonly problems: readonly Remark[]
  readonly notes: readonly Remark[]
  readonly advice: readonly string[]
}

/** Where an import goes; without `out` it is only shown. */
export type WriteOptions = { readonly out: string | undefined; readonly force: boolean }
type Options = WriteOptions & { readonly prefer: readonly string[] }

/**
 * Reads former files and writes what they are in Heddle's configuration, all of it or nothing. Throws CONFIG_UNREADABLE, and
 * ARGUMENT_INVALID where a file is there already or a preferred one is not among those read.
 */
export async function importConfig(paths: readonly string[], { out, prefer, force }: Options): Promise<Imported> {
  const stranger = prefer.find((file) => !paths.includes(file))
  if (stranger !== undefined) {
    throw new Failure('ARGUMENT_INVALID', `--prefer ${stranger} is none of the files that are imported`)
  }
  const readings = await Promise.all([...new Set(paths)].map(async (path) => readFormer(await readText(path), path)))
  const { merged, contradictions } = merge(
    readings.flatMap(({ statements }) => statements),
    prefer,
  )
  const problems = readings.flatMap((reading) => reading.problems)
  const notes = readings.flatMap((reading) => reading.notes)
  const { files, advice } = render(merged)
  return writeImported({ files, contradictions, problems, notes, advice }, { out, force })
}

/** Writes what was imported, unless something stands in its way. Throws ARGUMENT_INVALID where a file is there already. */
export async function writeImported(
  imported: Omit<Imported, 'written'>,
  { out, force }: WriteOptions,
): Promise<Imported> {
  const clean = imported.contradictions.length === 0 && imported.problems.length === 0
  if (out !== undefined && clean) await writeAll(out, imported.files, force)
  return { ...imported, written: clean ? (out ?? null) : null }
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`, { cause })
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Failure('CONFIG_UNREADABLE', `${path} is not UTF-8`, { cause, remedy: 'Save the file as UTF-8.' })
  }
}

async function writeAll(folder: string, files: readonly ConfigFile[], force: boolean): Promise<void> {
  if (!force) {
    const there = await Promise.all(files.map(({ path }) => exists(join(folder, path))))
    const taken = files.filter((_, index) => there[index]).map(({ path }) => join(folder, path))
    if (taken.length > 0) {
      throw new Failure('ARGUMENT_INVALID', `${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already`, {
        remedy: 'Give another --out, or --force to replace them.',
      })
    }
  }
  for (const { path, content } of files) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await replaceFile(file, content)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
