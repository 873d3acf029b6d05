import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { replaceFile } from './replace-file.ts'

const execute = promisify(execFile)

t.test('the new content is in the place of the old one, and nothing else lies about', async (t) => {
  await using folder = await temporaryFolder('replace')
  const path = join(folder.path, 'x.json')
  for (const content of ['one', Buffer.from('two'), '']) {
    await replaceFile(path, content, { mode: 0o600 })
    t.equal(await readFile(path, 'utf8'), String(content))
    t.strictSame(await readdir(folder.path), ['x.json'])
  }
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

t.test('the mode is that of the new file, whatever the old one had', async (t) => {
  await using folder = await temporaryFolder('replace')
  const path = join(folder.path, 'x')
  await writeFile(path, 'old')
  await chmod(path, 0o644)
  await replaceFile(path, 'new', { mode: 0o400 })
  t.equal((await stat(path)).mode & 0o777, 0o400)
  await replaceFile(path, 'newer')
  t.equal(await readFile(path, 'utf8'), 'newer')
  t.equal((await stat(path)).mode & 0o777, 0o666 & ~process.umask())
})

t.test('a link is replaced, not followed', async (t) => {
  await using folder = await temporaryFolder('replace')
  const theirs = join(folder.path, 'theirs')
  await writeFile(theirs, 'theirs')
  await symlink(theirs, join(folder.path, 'x'))
  await replaceFile(join(folder.path, 'x'), 'ours')
  t.equal(await readFile(theirs, 'utf8'), 'theirs')
  t.equal(await readFile(join(folder.path, 'x'), 'utf8'), 'ours')
})

t.test('of many who write one file at a time each succeeds, and a reader never sees but one whole', async (t) => {
  await using folder = await temporaryFolder('replace')
  const path = join(folder.path, 'x')
  const contents = Array.from({ length: 20 }, (_, index) => String(index % 10).repeat(200_000 + index))
  await replaceFile(path, contents[0] ?? '')
  const writes = Promise.all(contents.map((content) => replaceFile(path, content)))
  for (let reads = 0; reads < 50; reads += 1) {
    if (!contents.includes(await readFile(path, 'utf8'))) t.fail('a file that nobody wrote')
  }
  await t.resolves(writes)
  t.ok(contents.includes(await readFile(path, 'utf8')))
  t.strictSame(await readdir(folder.path), ['x'])
})

t.test('a folder in its place is left alone', async (t) => {
  await using folder = await temporaryFolder('replace')
  await mkdir(join(folder.path, 'x'))
  await t.rejects(replaceFile(join(folder.path, 'x'), 'content'), { code: 'EISDIR' })
  t.strictSame(await readdir(folder.path), ['x'])
  t.ok((await stat(join(folder.path, 'x'))).isDirectory())
})

for (const { name, path, code } of [
  { name: 'without its folder', path: 'missing/x', code: 'ENOENT' },
  { name: 'below a file', path: 'file/x', code: 'ENOTDIR' },
  { name: 'whose name is too long', path: 'x'.repeat(255), code: 'ENAMETOOLONG' },
]) {
  t.test(`a file ${name} is refused, and nothing is made`, async (t) => {
    await using folder = await temporaryFolder('replace')
    await writeFile(join(folder.path, 'file'), '')
    await t.rejects(replaceFile(join(folder.path, path), 'content'), { code })
    t.strictSame(await readdir(folder.path), ['file'])
  })
}

t.test('where there is no room for all of it the old one stays, and nothing beside it', async (t) => {
  await using folder = await temporaryFolder('replace')
  const path = join(folder.path, 'x')
  await writeFile(path, 'old')
  const script = `
    import { replaceFile } from '${join(import.meta.dirname, 'replace-file.ts')}'
    await replaceFile('${path}', 'x'.repeat(1_000_000)).catch(({ code }) => console.log(code))
  `
  // At most 16 blocks in one file, whichever size a shell means; so the test tool must not write its figures there either.
  const limited = 'ulimit -f 16 && exec env -i "$0" --input-type=module --eval "$1"'
  const { stdout } = await execute('sh', ['-c', limited, process.execPath, script])
  t.equal(stdout, 'EFBIG\n')
  t.equal(await readFile(path, 'utf8'), 'old')
  t.strictSame(await readdir(folder.path), ['x'])
})
