import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepSecret } from './keep-secret.ts'

t.test('the first start makes a secret that only its user may read, and each start has the same', async (t) => {
  await using folder = await temporaryFolder('secret')
  const path = join(folder.path, 'deep', 'secret')
  const first = await keepSecret(path, { make: true })
  t.equal(first.length, 32)
  t.strictSame(await keepSecret(path, { make: true }), first)
  t.strictSame(await keepSecret(path, { make: false }), first)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.strictSame(await readdir(join(folder.path, 'deep')), ['secret'])
})

t.test('many that make it at once have one', async (t) => {
  await using folder = await temporaryFolder('secret')
  const path = join(folder.path, 'secret')
  const all = await Promise.all(Array.from({ length: 20 }, () => keepSecret(path, { make: true })))
  const kept = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64url')
  for (const each of all) t.strictSame(each, kept)
})

t.test('where another plane may have it, it is not made', async (t) => {
  await using folder = await temporaryFolder('secret')
  const path = join(folder.path, 'secret')
  await t.rejects(keepSecret(path, { make: false }), { code: 'SECRET_UNUSABLE', message: `${path} is not there` })
  t.strictSame(await readdir(folder.path), [])
})

for (const { what, text, mode, message } of [
  { what: 'an empty one', text: '', mode: 0o600, message: /does not hold/ },
  { what: 'one cut short', text: Buffer.alloc(31).toString('base64url'), mode: 0o600, message: /does not hold/ },
  { what: 'one that all may read', text: Buffer.alloc(32).toString('base64url'), mode: 0o644, message: /every user/ },
] as const) {
  t.test(`${what} is refused, and left as it is`, async (t) => {
    await using folder = await temporaryFolder('secret')
    const path = join(folder.path, 'secret')
    await writeFile(path, text)
    await chmod(path, mode)
    await t.rejects(keepSecret(path, { make: true }), { code: 'SECRET_UNUSABLE', message })
    t.equal(await readFile(path, 'utf8'), text)
  })
}

t.test('a file that cannot be read or made is told', async (t) => {
  await using folder = await temporaryFolder('secret')
  await mkdir(join(folder.path, 'folder'), { mode: 0o700 })
  await t.rejects(keepSecret(join(folder.path, 'folder'), { make: true }), { message: /cannot be read/ })
  await writeFile(join(folder.path, 'file'), '')
  await t.rejects(keepSecret(join(folder.path, 'file', 'secret'), { make: true }), { code: 'SECRET_UNUSABLE' })
})
