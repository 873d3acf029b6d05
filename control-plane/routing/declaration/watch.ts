import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Problem, problemText } from '#shared/config/problem.ts'
import { explainError } from '#shared/failure/failure.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Declaration } from './declaration.ts'
import { readKept } from './keep.ts'
import { parseDeclaration, type SourceFile } from './parse.ts'
import { readDeclarationFiles } from './read.ts'

export type DeclarationState = {
  /** The last good one; undefined: there has been none yet. */
  readonly declaration: Declaration | undefined
  /** What it was read from. */
  readonly files: readonly SourceFile[]
  /** What is wrong with the files as they are now. */
  readonly problems: readonly Problem[]
}

export type WatchOptions = {
  /** A YAML file, or a folder of them. */
  readonly path: string
  /** The files are compared this often even if the file system reported nothing. */
  readonly everyMs: number
  /** Where an earlier run has kept the last good files, for a first reading that is bad. */
  readonly keep: string | undefined
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A file that somebody is just writing is read again until it has been the same for this long. */
const settledMs = 50

/**
 * Reads a declaration and follows its files until `signal`. A bad file keeps the last good declaration and is shown as a problem.
 * @param onState called after each change of declaration or problems, the first time before this resolves
 * @returns resolves once the files have been read for the first time, with the promise of the end
 */
export async function watchDeclaration(
  options: WatchOptions,
  onState: (state: DeclarationState) => void,
): Promise<{ readonly ended: Promise<void> }> {
  const { path, everyMs, keep, log, signal } = options
  let seen: Reading = await readOnce(path)
  let state = await firstState(seen, keep, log)
  onState(state)

  const take = async (reading: Reading) => {
    seen = reading
    const next = judge(reading, state)
    if (next.problems.length > 0) warnOf(next.problems, log)
    else log.info({ version: next.declaration?.version }, 'declaration read')
    state = next
    onState(state)
  }
  const wake = new Wake()
  const step = async () => {
    await wake.next(everyMs, signal)
    if (signal.aborted) return
    const reading = await readSettled(path, signal)
    if (!signal.aborted && !isDeepStrictEqual(reading, seen)) await take(reading)
  }
  const pace = { everyMs: 0, afterFailureMs: () => everyMs }
  const ended = repeat(step, pace, (error) => log.warn({ err: error }, 'declaration'), signal)
  await hint(path, wake, signal)
  return { ended }
}

type Reading = { readonly files: readonly SourceFile[] } | { readonly unreadable: Problem }

async function readOnce(path: string): Promise<Reading> {
  try {
    return { files: await readDeclarationFiles(path) }
  } catch (error) {
    return { unreadable: { file: path, path: '', message: `cannot be read: ${explainError(error)}` } }
  }
}

async function readSettled(path: string, signal: AbortSignal): Promise<Reading> {
  let reading = await readOnce(path)
  while (!signal.aborted) {
    await pause(settledMs, signal)
    const again = await readOnce(path)
    if (isDeepStrictEqual(again, reading)) return again
    reading = again
  }
  return reading
}

/** The state after a reading: a new declaration without problems, or the last good one with them. */
function judge(reading: Reading, before: Pick<DeclarationState, 'declaration' | 'files'>): DeclarationState {
  const { declaration, files } = before
  if ('unreadable' in reading) {
    return { declaration, files, problems: [reading.unreadable] }
  }
  const parsed = parseDeclaration(reading.files)
  return parsed.declaration ? { ...parsed, files: reading.files } : { declaration, files, problems: parsed.problems }
}

async function firstState(reading: Reading, keep: string | undefined, log: Logger): Promise<DeclarationState> {
  const state = judge(reading, { declaration: undefined, files: [] })
  if (state.declaration) return state
  warnOf(state.problems, log)
  const kept = keep === undefined ? undefined : await readKept(keep)
  const parsed = kept && parseDeclaration(kept)
  if (!parsed?.declaration) return state
  log.warn({ version: parsed.declaration.version }, 'the declaration is bad; the last good one is used')
  return { declaration: parsed.declaration, files: kept ?? [], problems: state.problems }
}

function warnOf(problems: readonly Problem[], log: Logger): void {
  for (const problem of problems) log.warn({ problem: problemText(problem) }, 'declaration has a problem')
}

/** Rings when the file system reports a change. It may miss some: they are found by comparison. */
async function hint(path: string, wake: Wake, signal: AbortSignal): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  // Editors put a new file in the place of the old one, so it is the folder that tells.
  const folder = isFolder ? path : dirname(path)
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folder, { signal, persistent: false }, () => wake.ring())
    watcher.on('error', () => watcher?.close())
  } catch {
    // No such folder, or no more watches: comparison alone, then.
  }
}
