import { randomBytes } from 'node:crypto'
import { link, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder, writeFlushed } from './flush.ts'

/**
 * Makes a file that takes nobody's place: where there is one already, also one that somebody makes at the same time, that stays. Afterwards
 * there is one, whole, also after a power cut. Rejects if the disk does not do it. The folder must be there.
 */
export async function makeOnce(path: string, content: string, mode: number): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFlushed(aside, content, mode)
    // Unlike a rename it takes nobody's place.
    await link(aside, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
    await flushFolder(dirname(path))
  } finally {
    await rm(aside, { force: true }).catch(() => {})
  }
}
