import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { writeFlushed } from '#shared/files/flush.ts'
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
 * followed, neither in its own place nor in that of a file: what is there is replaced by name, and whatever a link led to stays as it is.
 * What an interrupted run left half written is taken away. Throws GATEWAY_FOLDER_UNFIT.
 */
export async function openFolder(folder: string, prefix: string, suffix = '.conf'): Promise<OwnFolder> {
  {
    await using held = await hold(folder)
    for (const name of await readdir(held.path)) {
      if (name.startsWith(`.${prefix}`) && name.endsWith('.new')) await rm(join(held.path, name), { force: true })
    }
  }
  return {
    async read() {
      await using held = await hold(folder)
      const names = (await readdir(held.path)).filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
      return new Map(
        await Promise.all(names.map(async (name) => [name, await readOwn(join(held.path, name))] as const)),
      )
    },
    async prepare(present, wanted) {
      const { write, remove } = changesBetween(present, wanted)
      await using held = await hold(folder)
      const discard = async () => {
        await using now = await hold(folder)
        await Promise.all([...write.keys()].map((name) => rm(join(now.path, aside(name)), { force: true })))
      }
      const writes = [...write].map(([name, content]) => writeFlushed(join(held.path, aside(name)), content))
      const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') {
        await discard().catch(() => {})
        const { reason: cause } = failed
        throw new Failure('GATEWAY_FOLDER_UNFIT', `cannot write into ${folder}`, { retryable: true, cause })
      }
      return {
        async commit() {
          if (write.size + remove.length === 0) return
          await using now = await hold(folder)
          for (const name of write.keys()) await rename(join(now.path, aside(name)), join(now.path, name))
          for (const name of remove) await rm(join(now.path, name), { force: true })
          await now.handle.sync()
        },
        discard,
      }
    },
  }
}

/** A hidden name, because an include of "*" must not take a file that is not finished. */
const aside = (name: string) => `.${name}.new`

/**
 * The folder itself, by which its names are reached: whoever puts a link into its place meanwhile leads nothing elsewhere. Throws
 * GATEWAY_FOLDER_UNFIT.
 */
async function hold(folder: string): Promise<AsyncDisposable & { readonly path: string; readonly handle: FileHandle }> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    (cause: NodeJS.ErrnoException) => {
      const linked = cause.code === 'ENOTDIR' || cause.code === 'ELOOP'
      const message = linked ? `${folder} is no folder, or a link to one` : `cannot look at ${folder}`
      throw new Failure('GATEWAY_FOLDER_UNFIT', message, { retryable: !linked, cause })
    },
  )
  return { path: `/proc/self/fd/${handle.fd}`, handle, [Symbol.asyncDispose]: () => handle.close() }
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
