import { constants } from 'node:fs'
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { flushFolder, writeFlushed } from '#shared/files/flush.ts'
import { changesBetween, type FileSet } from './file-set.ts'

/** Files that are written and flushed, but not yet in their place. */
export type PreparedFiles = {
  /** Renames them into place, takes away what is not in the set, and flushes the folder. */
  commit(): Promise<void>
  discard(): Promise<void>
}

/** The folder that a proxy reads, of which the agent owns the names that begin with `prefix` and end with `suffix`. */
export type OwnFolder = {
  /** The agent's files as they are there. */
  read(): Promise<FileSet>
  prepare(present: FileSet, wanted: FileSet): Promise<PreparedFiles>
}

/**
 * Opens a folder that holds one gateway's files, perhaps among files of others. It must be a real folder; links are never
 * followed. What an interrupted run left half written is taken away. Throws GATEWAY_FOLDER_UNFIT.
 */
export async function openFolder(folder: string, prefix: string, suffix = '.conf'): Promise<OwnFolder> {
  const stat = await lstat(folder).catch((cause) => {
    throw new Failure('GATEWAY_FOLDER_UNFIT', `cannot look at ${folder}`, { retryable: true, cause })
  })
  if (!stat.isDirectory()) throw new Failure('GATEWAY_FOLDER_UNFIT', `${folder} is no folder, or a link to one`)
  for (const name of await readdir(folder)) {
    if (name.startsWith(`.${prefix}`) && name.endsWith('.new')) await rm(join(folder, name), { force: true })
  }
  return {
    async read() {
      const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
      return new Map(await Promise.all(names.map(async (name) => [name, await readOwn(join(folder, name))] as const)))
    },
    async prepare(present, wanted) {
      const { write, remove } = changesBetween(present, wanted)
      // A hidden name, because an include of "*" must not take a file that is not finished.
      const written = [...write.keys()].map((name) => ({ from: join(folder, `.${name}.new`), to: join(folder, name) }))
      const discard = async () => {
        await Promise.all(written.map(({ from }) => rm(from, { force: true })))
      }
      const writes = [...write].map(([name, content]) => writeFlushed(join(folder, `.${name}.new`), content))
      const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') {
        await discard().catch(() => {})
        const { reason: cause } = failed
        throw new Failure('GATEWAY_FOLDER_UNFIT', `cannot write into ${folder}`, { retryable: true, cause })
      }
      return {
        async commit() {
          for (const { from, to } of written) await rename(from, to)
          for (const name of remove) await rm(join(folder, name), { force: true })
          if (written.length + remove.length > 0) await flushFolder(folder)
        },
        discard,
      }
    },
  }
}

/** The content of a file of ours; a link in its place counts as other content, so that it is replaced. */
async function readOwn(path: string): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    return await file.readFile('utf8')
  } catch {
    return '\0'
  }
}
