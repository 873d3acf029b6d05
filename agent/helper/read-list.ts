import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { Failure } from '#shared/failure/failure.ts'
import { HelperConfig } from './config.ts'
import { type FileFacts, folderProblem, listProblem } from './list-trust.ts'

const mostBytes = 64 * 1024

/**
 * Reads what the helper may do. Nothing of the environment counts.
 * Throws HELPER_LIST where somebody else than root could have written it, CONFIG_UNREADABLE, or CONFIG_INVALID with every problem.
 * @param owner the user whose word counts, by its number
 */
export async function readList(file: string, owner = process.geteuid?.() ?? 0): Promise<HelperConfig> {
  const path = resolve(file)
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    refuse(folder, folderProblem(await factsOf(folder), owner))
    if (folder === dirname(folder)) break
  }
  const { config, problems } = readConfig(HelperConfig, await readTrusted(path, owner), path)
  if (config) return config
  throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'), { remedy: `Correct ${path}.` })
}

async function readTrusted(path: string, owner: number): Promise<string> {
  refuse(path, listProblem(await factsOf(path), owner))
  try {
    // What is judged is what is read, whatever takes its name meanwhile.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    refuse(path, listProblem(await handle.stat(), owner))
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

function refuse(path: string, problem: string | undefined): void {
  if (problem !== undefined) throw new Failure('HELPER_LIST', `${path}: ${problem}`)
}
