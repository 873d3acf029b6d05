import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder, writeFlushed } from './flush.ts'

/**
 * Puts `content` in the place of what is at `path`, if there is something: for readers, and after a power cut, there is the old one or
 * the new one, whole. Of several that are written at a time one stays. Rejects if the disk does not do it, and then leaves nothing
 * beside it. The folder must be there.
 * @param mode of the new file, less what the umask takes
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode = 0o666 }: { readonly mode?: number } = {},
): Promise<void> {
  // Nobody else writes there, neither another process nor another call of this one.
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFlushed(aside, content, mode)
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {})
    throw error
  }
  await flushFolder(dirname(path))
}
