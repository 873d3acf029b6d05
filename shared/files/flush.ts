import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'

/** Writes a file anew, never through a link, and flushes it to disk. */
export async function writeFlushed(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await rm(path, { force: true })
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
  await file.writeFile(content)
  await file.datasync()
}

/** Makes the names in a folder durable: until then a power cut may undo what was created, renamed or removed there. */
export async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync()
}
