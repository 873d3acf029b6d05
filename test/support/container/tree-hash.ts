import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Every path below a folder with kind, mode, time and a hash of its content: equal for trees that an image could not tell apart. */
export async function treeOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode, mtimeMs } = await lstat(path)
    const content = entry.isSymbolicLink() ? await readlink(path) : entry.isFile() ? await hashOf(path) : ''
    return `${path.slice(folder.length)} ${mode.toString(8)} ${mtimeMs} ${content}`
  })
  return (await Promise.all(lines)).sort()
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
