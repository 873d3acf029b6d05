import { execFile } from 'node:child_process'
import { chown, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { git } from '../../setup/git.ts'

const notRoot = process.getuid?.() !== 0 && 'giving a folder to somebody else needs root'

t.test('a checkout that belongs to another user is read, as in a container', { skip: notRoot }, async (t) => {
  await using folder = await temporaryFolder('git')
  const by = ['-c', 'user.name=a', '-c', 'user.email=a@example']
  await git(['init', '--quiet'], folder.path)
  await writeFile(join(folder.path, 'a'), '')
  await git(['add', 'a'], folder.path)
  await git([...by, 'commit', '--quiet', '--message', 'a'], folder.path)
  for (const path of ['.', ...(await readdir(folder.path, { recursive: true }))])
    await chown(join(folder.path, path), 65_532, 65_532)
  await t.rejects(promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: folder.path }), /dubious ownership/)
  t.match(await git(['rev-parse', 'HEAD'], folder.path), /^[0-9a-f]{40}\n$/)
})
