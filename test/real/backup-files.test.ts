import { execFile, spawnSync } from 'node:child_process'
import { copyFile, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { registerOn } from '#test/support/store/plane-on.ts'
import { planeProgram } from '#test/support/store/plane-program.ts'

t.setTimeout(170_000)

const run = promisify(execFile)

await t.test('a file that lost its end is replaced by a backup, and what is lost is said', async (t) => {
  await using folder = await temporaryFolder('backup-lost')
  const path = join(folder.path, 'heddle.db')
  const backup = join(folder.path, 'a.zst')
  const configured = await writeYaml(join(folder.path, 'plane.yaml'), { journal: { path } })
  {
    await using first = await RunningPlane.start({ settings: { journal: { path } } })
    t.equal((await registerOn(first.url, 'crm-1')).status, 201)
    t.equal((await first.heddle('backup', backup)).code, 0)
    for (const id of ['crm-2', 'crm-3']) t.equal((await registerOn(first.url, id)).status, 201)
  }
  for (const end of ['', '-wal', '-shm']) await run('rm', ['-f', `${path}${end}`])
  const refused = await planeProgram(configured)
  t.match(refused, { code: 1, output: /its end is missing/ }, 'a plane does not begin anew by itself')
  for (const end of ['', '-wal', '-shm']) await run('rm', ['-f', `${path}${end}`])
  const restored = await planeProgram('restore', configured, backup)
  t.match(restored, { code: 0, output: /What was acknowledged after it is lost: [1-9]\d* changes/ })
  await using second = await RunningPlane.start({ settings: { journal: { path } } })
  t.equal((await second.get<StatusView>('/v1/status')).instances.total, 1)
})

await t.test('a file that was cut is refused by each command, and nothing is restored', async (t) => {
  await using folder = await temporaryFolder('backup-cut')
  await using first = await RunningPlane.start()
  t.equal((await registerOn(first.url, 'crm-1')).status, 201)
  const whole = join(folder.path, 'a.zst')
  t.equal((await first.heddle('backup', whole)).code, 0)
  t.match(await first.heddle('backup', 'verify', whole), { code: 0, out: /is whole/ })
  t.match(await first.heddle('restore', '--check', whole), { code: 0 })
  t.match(await first.heddle('restore', whole), { code: 5, out: /heddle-plane restore control-plane\.yaml/ })
  const configured = await writeYaml(join(folder.path, 'plane.yaml'), {
    journal: { path: join(folder.path, 'new.db') },
  })
  const { size } = await stat(whole)
  const cut = join(folder.path, 'cut.zst')
  for (const bytes of [0, 7, Math.floor(size / 2), size - 100]) {
    await copyFile(whole, cut)
    await truncate(cut, bytes)
    t.match(await first.heddle('backup', 'verify', cut), { code: 1, err: /BACKUP_CUT/ }, `${bytes} of ${size}`)
  }
  t.match(await planeProgram('restore', configured, cut), { code: 1, output: /BACKUP_CUT/ })
  t.match(await planeProgram('restore', configured, whole), { code: 0 }, 'the store is empty still')
  t.match(await first.heddle('backup', 'verify', '/nowhere'), { code: 1, err: /BACKUP_UNREADABLE/ })
})

const mayMount = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
await t.test(
  'a disk that is full while a backup is written leaves nothing behind, and the plane goes on',
  { skip: mayMount ? false : 'only root can mount a small disk' },
  async (t) => {
    await using folder = await temporaryFolder('backup-full')
    await using first = await RunningPlane.start()
    for (let index = 0; index < 5; index += 1) await registerOn(first.url, `crm-${index}`)
    const whole = join(folder.path, 'a.zst')
    t.equal((await first.heddle('backup', whole)).code, 0)
    const size = (await readFile(whole)).length
    const script = `mount -t tmpfs -o size=4k tmpfs "$1" && "$2" "$3" backup "$1/b.zst" --plane "$4"; code=$?; ls -A "$1"; exit $code`
    const small = await mkFolder(folder.path)
    const cli = join(projectFolder, 'cli/heddle.ts')
    const args = ['--mount', 'bash', '-c', script, 'bash', small, process.execPath, cli, first.url]
    await using full = await spawnProcess('unshare', args)
    const { code } = await full.exited
    t.equal(code, size > 4_096 ? 1 : 0, full.output)
    if (size > 4_096) t.match(full.output, /BACKUP_FAILED.*Make room.*$/s)
    t.notMatch(full.output, /\.part/)
    t.equal((await registerOn(first.url, 'crm-8')).status, 201)
    t.equal((await first.heddle('backup', join(folder.path, 'c.zst'))).code, 0, 'and another one is made')
  },
)

async function mkFolder(under: string): Promise<string> {
  const path = join(under, 'small')
  await run('mkdir', [path])
  return path
}
