import type { Readable } from 'node:stream'
import type { BackupHeader, BackupTrailer } from '#shared/backup/format.ts'
import { checkBackup } from '#shared/backup/read-backup.ts'
import { writeAside } from '#shared/backup/write-aside.ts'

export type MadeBackup = {
  readonly file: string
  readonly bytes: number
  readonly header: BackupHeader
  readonly trailer: BackupTrailer
}

/**
 * Writes a backup to a new file, and reads it back before it gets its name. Rejects as `writeAside` and `checkBackup` do.
 * @param open begins it; not called where there is a file of that name
 * @param signal breaks off the reading back, with its reason; what `open` gives is to be broken off by whoever gives it
 */
export async function makeBackup(
  file: string,
  open: () => Promise<Readable>,
  signal?: AbortSignal,
): Promise<MadeBackup> {
  let checked: Awaited<ReturnType<typeof checkBackup>> | undefined
  const bytes = await writeAside(file, open, {
    check: async (aside) => {
      checked = await checkBackup(aside, { signal })
    },
  })
  if (!checked) throw new Error('A backup that was written was checked.')
  return { file, bytes, ...checked }
}
