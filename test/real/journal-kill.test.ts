import { copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { spawnProcess } from '#test/support/process.ts'
import { acknowledgedIds, startOn } from '#test/support/store/stored-fleet.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(180_000)

const writer = fileURLToPath(import.meta.resolve('#test/support/store/journal-writer.ts'))

/** Lets a process record until some more ids are acknowledged, then kills it at a random moment. */
async function recordAndKill(path: string, notes: string, recorders: number): Promise<void> {
  const before = (await acknowledgedIds(notes)).length
  await using running = await spawnProcess(process.execPath, [writer, path, notes, String(recorders)])
  await running.ready('recording', 20_000, async () => (await acknowledgedIds(notes)).length > before + 50)
  // The moment of the kill is the experiment; nothing is waited for here.
  await pause(Math.random() * 300)
  await running.kill()
}

t.test('every acknowledged change survives kill -9 at any moment, and the tables catch up', async (t) => {
  await using folder = await temporaryFolder('journal-kill')
  const path = `${folder.path}/heddle.db`
  const notes = `${folder.path}/notes`
  for (const recorders of [1, 20, 100, 20, 1, 100]) {
    await recordAndKill(path, notes, recorders)
    const { fleet, rows } = await startOn(path)
    const lost = (await acknowledgedIds(notes)).filter((id) => !fleet.instances.has(id))
    t.strictSame(lost, [], `${fleet.instances.size} instances after a kill of ${recorders} recorders`)
    t.strictSame(rows, [...fleet.instances.keys()].sort())
  }
})

t.test('a damaged end of the log loses nothing that was acknowledged, or is a clear failure', async (t) => {
  await using folder = await temporaryFolder('journal-cut')
  const path = `${folder.path}/heddle.db`
  const notes = `${folder.path}/notes`
  await recordAndKill(path, notes, 20)
  const acknowledged = await acknowledgedIds(notes)
  const { size } = await stat(`${path}-wal`)
  t.ok(size > 0, `the log has ${size} bytes`)

  const seen = { whole: 0, refused: 0 }
  for (const damage of [
    ...[1, 100, 4_096, size >> 1, size - 40, size].map((bytes) => ({ what: `${bytes} bytes cut off`, bytes, at: -1 })),
    ...[1, 3_000, 50_000].map((at) => ({ what: `a byte changed ${at} before its end`, bytes: 0, at })),
    { what: 'half a frame of noise after it', bytes: -2_000, at: -1 },
  ]) {
    const copy = `${folder.path}/copy.db`
    for (const part of ['', '-wal', '-acknowledged']) await copyFile(path + part, copy + part)
    const log = await readFile(`${copy}-wal`)
    if (damage.at > 0) log.writeUInt8(log.readUInt8(log.length - damage.at) ^ 0xff, log.length - damage.at)
    const noise = Buffer.alloc(Math.max(0, -damage.bytes), 0x5a)
    await writeFile(`${copy}-wal`, Buffer.concat([log.subarray(0, log.length - Math.max(0, damage.bytes)), noise]))
    try {
      const { fleet } = await startOn(copy)
      t.ok(
        acknowledged.every((id) => fleet.instances.has(id)),
        `${damage.what}: nothing is lost`,
      )
      seen.whole += 1
    } catch (error) {
      t.ok(error instanceof Failure && error.code === 'STORE_CORRUPT', `${damage.what}: ${String(error)}`)
      seen.refused += 1
    }
  }
  t.ok(seen.whole > 0 && seen.refused > 0, `${seen.whole} whole, ${seen.refused} refused`)
})

t.test('a second process cannot open the store of a living one, and can as soon as it was killed', async (t) => {
  await using folder = await temporaryFolder('journal-lock')
  const path = `${folder.path}/heddle.db`
  const notes = `${folder.path}/notes`
  await using running = await spawnProcess(process.execPath, [writer, path, notes, '1'])
  await waitFor(async () => (await acknowledgedIds(notes)).length > 0, { what: 'the first note', withinMs: 20_000 })
  await t.rejects(startOn(path), { code: 'STORE_IN_USE' })
  await running.kill()
  t.ok((await startOn(path)).fleet.revision > 0)
})
