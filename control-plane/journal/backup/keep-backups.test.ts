import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { backedUp, openDatabase } from '#test/support/store/backing-up.ts'
import { logLines } from '#test/support/store/journal.ts'
import { BackupKeeper, backupName, timeOf } from './keep-backups.ts'

const hour = 3_600_000
const begin = Date.parse('2026-03-01T09:00:00Z')
await using database = await openDatabase()
const bytes = await backedUp(database.db)

async function keeping() {
  const folder = await temporaryFolder('backups')
  const settings = { folder: join(folder.path, 'a', 'b'), every: 24 * hour, keep: 2 }
  const { log } = logLines()
  const state = { now: begin, leads: true, open: async () => Readable.from([bytes]) }
  const parts = { settings, installation: 'i-1', log, now: () => state.now, leads: () => state.leads }
  const keeper = new BackupKeeper({ ...parts, open: () => state.open() })
  const names = async () => (await readdir(settings.folder).catch(() => [])).sort()
  return { keeper, state, settings, names, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

t.test('a backup is made when the newest one is old enough, and only the newest stay', async (t) => {
  await using scene = await keeping()
  const { keeper, state, settings, names } = scene
  await keeper.look()
  const first = backupName('i-1', begin)
  t.strictSame(await names(), [first])
  t.equal((await stat(join(settings.folder, first))).mode & 0o777, 0o600)
  t.equal((await stat(settings.folder)).mode & 0o777, 0o700)
  for (const later of [23 * hour, 24 * hour, 30 * hour, 48 * hour]) {
    state.now = begin + later
    await keeper.look()
  }
  t.strictSame(await names(), [backupName('i-1', begin + 24 * hour), backupName('i-1', begin + 48 * hour)])
  t.strictSame(keeper.problems(), [])
})

t.test('what others keep in the folder stays', async (t) => {
  await using scene = await keeping()
  const { keeper, state, settings, names } = scene
  await keeper.look()
  const others = [backupName('i-2', begin), 'notes.txt', 'heddle-i-1-by-hand.zst']
  for (const name of others) await writeFile(join(settings.folder, name), '')
  for (let day = 1; day < 5; day += 1) {
    state.now = begin + day * 24 * hour
    await keeper.look()
  }
  const there = await names()
  t.equal(there.length, 5)
  for (const name of others) t.ok(there.includes(name), name)
})

t.test('a backup that fails is a problem with code and remedy until one succeeds, and removes nothing', async (t) => {
  await using scene = await keeping()
  const { keeper, state, names } = scene
  await keeper.look()
  state.now += 24 * hour
  state.open = async () => {
    throw new Failure('STORE_UNAVAILABLE', 'The database is away', { retryable: true, remedy: 'Start it.' })
  }
  await keeper.look()
  const [problem = ''] = keeper.problems()
  t.match(problem, /2026-03-01T09:00:00.*The database is away \(STORE_UNAVAILABLE\)\. Start it\./)
  state.open = async () => Readable.from([bytes])
  await keeper.look()
  t.equal((await names()).length, 1, 'it is not tried again at once')
  state.leads = false
  t.strictSame(keeper.problems(), [], 'who does not lead has none')
  state.leads = true
  state.now += 5 * 60_000
  await keeper.look()
  t.strictSame(keeper.problems(), [])
  t.equal((await names()).length, 2)
})

t.test('half a backup never gets a name', async (t) => {
  await using scene = await keeping()
  const { keeper, state, names } = scene
  state.open = async () => Readable.from([bytes.subarray(0, 100)])
  await keeper.look()
  t.strictSame(await names(), [])
  t.match(keeper.problems(), [/there is none.*BACKUP_CUT/])
})

t.test('only the leader makes them', async (t) => {
  await using scene = await keeping()
  scene.state.leads = false
  await scene.keeper.look()
  t.strictSame(await scene.names(), [])
})

t.test('a folder that cannot be made is a problem that names the setting', async (t) => {
  const { log } = logLines()
  const settings = { folder: '/dev/null/backups', every: hour, keep: 1 }
  const open = async () => Readable.from([bytes])
  const keeper = new BackupKeeper({ settings, installation: 'i-1', open, leads: () => true, log })
  await keeper.look()
  t.match(keeper.problems(), [/journal\.backup\.folder/])
})

t.test('names tell the time and the installation', async (t) => {
  t.equal(backupName('i-0123', begin), 'heddle-i-0123-20260301T090000Z.zst')
  t.equal(timeOf(backupName('i-0123', begin), 'i-0123'), begin)
  for (const name of ['heddle-i-0123-20269901T090000Z.zst', 'heddle-i-9-20260301T090000Z.zst', '.heddle-i-0123']) {
    t.equal(timeOf(name, 'i-0123'), undefined, name)
  }
})
