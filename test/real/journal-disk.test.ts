import { execFile, spawnSync } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { spawnProcess } from '#test/support/process.ts'
import { acknowledgedIds, startOn } from '#test/support/store/stored-fleet.ts'

t.setTimeout(180_000)

const run = promisify(execFile)
const writer = fileURLToPath(import.meta.resolve('#test/support/store/journal-writer.ts'))
const smallDisk = fileURLToPath(import.meta.resolve('#test/support/store/journal-small-disk.ts'))

function mayMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
}

/** Sets how large the files of a process may become: a limit of the kernel's that needs no root and can be lifted again. */
function limitFiles(pid: number, bytes: number | 'unlimited') {
  return run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
}

t.test('a disk that takes no more is survived, and the journal goes on by itself', async (t) => {
  await using folder = await temporaryFolder('journal-limit')
  const path = `${folder.path}/heddle.db`
  const notes = `${folder.path}/notes`
  await using running = await spawnProcess(process.execPath, [writer, path, notes, '5'])
  await running.ready('recording', 20_000, async () => (await acknowledgedIds(notes)).length > 20)
  await limitFiles(running.pid, (await stat(`${path}-wal`)).size)
  await running.ready('the refusal', 20_000, () => /unavailable STORE_UNAVAILABLE retryable=true/.test(running.output))
  await limitFiles(running.pid, 'unlimited')
  const before = (await acknowledgedIds(notes)).length
  await running.ready('going on', 20_000, async () => (await acknowledgedIds(notes)).length > before + 20)
  t.match(running.output.trim().split('\n').at(-1), 'ready')
  await running.kill()
  const { fleet } = await startOn(path)
  t.strictSame(
    (await acknowledgedIds(notes)).filter((id) => !fleet.instances.has(id)),
    [],
  )
})

t.test(
  'a full disk is survived by a running plane and by one that starts',
  { skip: mayMount() ? false : 'only root can mount a small disk' },
  async (t) => {
    await using folder = await temporaryFolder('journal-full')
    await using playing = await spawnProcess('unshare', ['--mount', process.execPath, smallDisk, folder.path])
    const { code } = await playing.exited
    t.equal(code, 0, playing.output)
    const seen = JSON.parse(playing.output)
    t.match(seen.full, { code: 'STORE_UNAVAILABLE', retryable: true, why: /no room.*full/ })
    const { believed } = seen.whileFull
    t.match(seen.whileFull, { state: 'unavailable', acknowledged: believed, read: believed })
    t.match(seen.afterFull, { state: 'ready', believed: believed + 1, read: believed + 1 })
    t.strictSame(seen.startedFull, { believed: believed + 1, outcome: 'STORE_UNAVAILABLE' })
    t.match(seen.startedReadOnly, { code: 'STORE_UNAVAILABLE', why: /heddle\.db/ })
  },
)
