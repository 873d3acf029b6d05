import { createReadStream } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { backedUp, openDatabase } from '#test/support/store/backing-up.ts'
import { logLines } from '#test/support/store/journal.ts'
import { openStore } from '../open-store.ts'
import { Backups } from './backups.ts'
import { BackupKeeper } from './keep-backups.ts'
import { makeBackup } from './make-backup.ts'

const { log } = logLines()
const asked = { metrics: true, by: 'test' }
const brokenOff = { code: 'BACKUP_FAILED', retryable: true, message: 'This plane ends.' }

async function aStore() {
  const folder = await temporaryFolder('backups')
  const path = join(folder.path, 'heddle.db')
  const store = await openStore({ path })
  await store[Symbol.asyncDispose]()
  const backups = new Backups({ path }, { owner: 'zervigo', heddle: '1.0.0' }, log)
  return { folder: folder.path, backups, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

t.test('one is read at a time', async (t) => {
  await using scene = await aStore()
  const begun = scene.backups.begin(asked)
  await t.rejects(scene.backups.begin(asked), { code: 'BACKUP_UNDERWAY' })
  t.ok((await buffer(await begun)).length > 0)
  t.ok((await buffer(await scene.backups.begin(asked))).length > 0)
})

t.test('the end breaks off one whose first bytes are awaited', async (t) => {
  await using scene = await aStore()
  const begun = scene.backups.begin(asked)
  scene.backups[Symbol.dispose]()
  await t.rejects(begun, brokenOff)
  await t.rejects(scene.backups.begin(asked), brokenOff, 'and any later one')
})

t.test('the end breaks off one that is read', async (t) => {
  await using scene = await aStore()
  const read = buffer(await scene.backups.begin(asked))
  scene.backups[Symbol.dispose]()
  scene.backups[Symbol.dispose]()
  await t.rejects(read, brokenOff)
})

t.test('the end breaks off the reading back, and leaves nothing behind', async (t) => {
  await using scene = await aStore()
  await using database = await openDatabase()
  const whole = join(scene.folder, 'whole')
  await writeFile(whole, await backedUp(database.db))
  const { backups } = scene
  const source = createReadStream(whole)
  source.once('end', () => backups[Symbol.dispose]())
  await t.rejects(
    makeBackup(join(scene.folder, 'b.zst'), async () => source, backups.ended),
    brokenOff,
  )
  t.notOk((await readdir(scene.folder)).some((name) => name.includes('b.zst')))
})

t.test('who makes them by the timetable has no problem when the plane ends', async (t) => {
  await using scene = await aStore()
  const { backups, folder } = scene
  const settings = { folder: join(folder, 'kept'), every: 3_600_000, keep: 2 }
  const parts = { settings, installation: 'i-1', leads: () => true, log, signal: backups.ended }
  const keeper = new BackupKeeper({ ...parts, open: () => backups.begin(asked) })
  const looked = keeper.look()
  backups[Symbol.dispose]()
  await looked
  t.strictSame(keeper.problems(), [])
  t.strictSame(await readdir(settings.folder), [])
  const later = new BackupKeeper({ ...parts, open: async () => Readable.from([]) })
  await later.look()
  t.strictSame(later.problems(), [])
})
