import { randomBytes } from 'node:crypto'
import { access, constants, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../failure/failure.ts'

/** The end of the name of a file that is being written. */
export const unfinished = '.part'

export type WriteAside = {
  /** What is looked at before the file gets its name. */
  readonly check: (path: string) => Promise<void>
  /** Hears of bytes as they are written. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Writes a new file that only its owner may read: aside, flushed, checked, and only then under its name, so that under it there is never
 * half of one. Resolves with its bytes. Rejects with ARGUMENT_INVALID where there is one already, with BACKUP_FAILED where it cannot be
 * written, or as `begin`, what it gives and `check` do; nothing is left behind.
 * @param begin begins what is to be written, once a file for it is there
 */
export async function writeAside(
  path: string,
  begin: () => Promise<AsyncIterable<Uint8Array>>,
  { check, onBytes = () => {} }: WriteAside,
): Promise<number> {
  await needFree(path)
  const folder = dirname(path)
  const aside = join(folder, `.${basename(path)}-${randomBytes(4).toString('hex')}${unfinished}`)
  try {
    const bytes = await write(aside, begin, onBytes, path)
    await check(aside)
    await give(aside, path)
    await flushFolder(folder)
    return bytes
  } finally {
    await rm(aside, { force: true }).catch(() => {})
  }
}

/** Rejects with ARGUMENT_INVALID where there is a file of that name. */
export async function needFree(path: string): Promise<void> {
  const there = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
  if (there) throw exists(path)
}

async function write(
  aside: string,
  begin: () => Promise<AsyncIterable<Uint8Array>>,
  onBytes: (bytes: number) => void,
  path: string,
): Promise<number> {
  const failed = (cause: unknown) => notWritten(path, cause)
  const file = await open(aside, 'wx', 0o600).catch((error: unknown) => {
    throw failed(error)
  })
  try {
    let bytes = 0
    for await (const chunk of await begin()) {
      await file.writeFile(chunk).catch((error: unknown) => {
        throw failed(error)
      })
      bytes += chunk.length
      onBytes(chunk.length)
    }
    await file.sync().catch((error: unknown) => {
      throw failed(error)
    })
    return bytes
  } finally {
    await file.close().catch(() => {})
  }
}

async function give(aside: string, path: string): Promise<void> {
  try {
    // Unlike renaming it never replaces what somebody else has put there meanwhile.
    await link(aside, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw exists(path)
    // Not every file system has links.
    await rename(aside, path).catch((cause: unknown) => {
      throw notWritten(path, cause)
    })
  }
}

async function flushFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch {
    // Not every file system flushes folders.
  }
}

function exists(path: string): Failure {
  return new Failure('ARGUMENT_INVALID', `${path} is there already`, { remedy: 'Name a new file.' })
}

function notWritten(path: string, cause: unknown): Failure {
  const full = codeOf(cause) === 'ENOSPC' || codeOf(cause) === 'EDQUOT'
  return new Failure('BACKUP_FAILED', `${path} cannot be written`, {
    cause,
    retryable: true,
    remedy: full
      ? `Make room on the disk of ${dirname(path)}, or name another folder.`
      : `Check that ${dirname(path)} is there and can be written by the user of the process.`,
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
