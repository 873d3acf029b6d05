import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { FailureCode } from '#shared/failure/catalogue.ts'
import { Failure } from '#shared/failure/failure.ts'
import { type FileFacts, fileProblem, folderProblem } from './file-trust.ts'

const mostBytes = 64 * 1024

/**
 * Reads a file by which root decides what others may have done: only what nobody else can have written, by the file itself and each folder
 * above it. Rejects with `code` where somebody else could, or CONFIG_UNREADABLE.
 * @param owner the user whose word counts, by its number
 */
export async function readRootFile(file: string, code: FailureCode, owner = process.geteuid?.() ?? 0): Promise<string> {
  const path = resolve(file)
  const refuse = (at: string, problem: string | undefined) => {
    if (problem !== undefined) throw new Failure(code, `${at}: ${problem}`)
  }
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    refuse(folder, folderProblem(await factsOf(folder), owner))
    if (folder === dirname(folder)) break
  }
  refuse(path, fileProblem(await factsOf(path), owner))
  try {
    // What is judged is what is read, whatever takes its name meanwhile.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    refuse(path, fileProblem(await handle.stat(), owner))
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes + 1), 0, mostBytes + 1, 0)
    if (bytesRead > mostBytes) refuse(path, `it has more than ${mostBytes} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`, { cause })
  }
}

async function factsOf(path: string): Promise<FileFacts> {
  try {
    return await lstat(path)
  } catch (cause) {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`, { cause })
  }
}
