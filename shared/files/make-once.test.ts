import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { makeOnce } from './make-once.ts'

t.test('of several that make a file at the same time one does, and nothing is left beside it', async (t) => {
  await using folder = await temporaryFolder('make-once')
  const path = join(folder.path, 'secret')
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => makeOnce(path, text, 0o600)))
  t.match(await readFile(path, 'utf8'), /^[abcd]$/)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.strictSame(await readdir(folder.path), ['secret'])
})

t.test('what is there stays', async (t) => {
  await using folder = await temporaryFolder('make-once')
  const path = join(folder.path, 'secret')
  await writeFile(path, 'first')
  await makeOnce(path, 'second', 0o600)
  t.equal(await readFile(path, 'utf8'), 'first')
})

t.test('where nothing can be written it says so', async (t) => {
  await using folder = await temporaryFolder('make-once')
  await t.rejects(makeOnce(join(folder.path, 'missing', 'secret'), 'x', 0o600), { code: 'ENOENT' })
})
