import { constants, open, stat, statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Check } from '../check.ts'
import { objectAt, type Patient, textAt } from '../claims.ts'
import type { Finding } from '../finding.ts'
import { type Folder, foldersOf, nearestFolder } from '../folders.ts'
import { growthFinding, roomFindings } from '../judge/room.ts'

/** Room, inodes, how fast the disk flushes, and how long the journal has room at its growth. */
export const disk: Check = {
  name: 'disk',
  async examine({ patients, now }) {
    const found = await Promise.all([
      ...patients.flatMap(foldersOf).map(roomOf),
      ...patients.map((patient) => growthOf(patient, now())),
    ])
    return found.flat()
  },
}

async function roomOf({ path, what, kind }: Folder): Promise<readonly Finding[]> {
  const here = await nearestFolder(resolve(path))
  const { bavail, bsize, blocks, files, ffree } = await statfs(here)
  const flushMs = kind === 'plane' ? await flushTime(here) : undefined
  const room = { free: bavail * bsize, total: blocks * bsize, inodesFree: ffree, inodes: files }
  return roomFindings({ what, path: here, ...room, flushMs })
}

/** O_TMPFILE of Linux, a file without a name: nothing is left of it, whatever happens. A folder's own bit is another one on ARM. */
const withoutName = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR

/** The median of some flushes in milliseconds; undefined where it cannot be tried without leaving a trace. */
async function flushTime(folder: string): Promise<number | undefined> {
  try {
    await using file = await open(folder, withoutName, 0o600)
    const took: number[] = []
    const block = Buffer.alloc(4096)
    for (let n = 0; n < 9; n += 1) {
      const from = performance.now()
      await file.write(block)
      await file.datasync()
      took.push(performance.now() - from)
    }
    return took.sort((a, b) => a - b)[4]
  } catch {
    return undefined
  }
}

async function growthOf({ kind, value, file }: Patient, now: number): Promise<readonly Finding[]> {
  const path = textAt(objectAt(value, 'journal'), 'path', '')
  if (kind !== 'plane' || path === '') return []
  const seen = await stat(path).catch(() => undefined)
  if (seen === undefined) return []
  const { bavail, bsize } = await statfs(path)
  const found = growthFinding({
    ...{ what: `journal.path (${file})`, bytes: seen.size, ageMs: now - seen.birthtimeMs, free: bavail * bsize },
  })
  return found ? [found] : []
}
