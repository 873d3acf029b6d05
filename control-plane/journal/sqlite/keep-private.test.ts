import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepPrivate } from './keep-private.ts'
import { openSqlite } from './open-sqlite.ts'

async function modes(folder: string): Promise<Readonly<Record<string, string>>> {
  const files = (await readdir(folder)).toSorted()
  const read = async (file: string) => [file, ((await stat(join(folder, file))).mode & 0o777).toString(8)] as const
  return Object.fromEntries(await Promise.all(files.map(read)))
}

t.test('no file of a database is for every user of the machine', async (t) => {
  await using folder = await temporaryFolder('keep-private')
  await using _store = await openSqlite({ path: join(folder.path, 'journal.db'), mostBytes: undefined })
  const seen = await modes(folder.path)
  t.ok('journal.db-wal' in seen, Object.keys(seen).join())
  for (const [file, mode] of Object.entries(seen)) t.equal(mode, '600', file)
})

t.test(
  'files of an earlier version are closed to others, and stay open to the group that was given them',
  async (t) => {
    await using folder = await temporaryFolder('keep-private')
    const path = join(folder.path, 'journal.db')
    for (const [end, mode] of [
      ['', 0o644],
      ['-wal', 0o666],
      ['-shm', 0o640],
    ] as const) {
      await writeFile(`${path}${end}`, '')
      await chmod(`${path}${end}`, mode)
    }
    keepPrivate(path)
    t.strictSame(await modes(folder.path), {
      'journal.db': '640',
      'journal.db-lock': '600',
      'journal.db-shm': '640',
      'journal.db-wal': '660',
    })
    keepPrivate(join(folder.path, 'missing', 'journal.db'))
  },
)
