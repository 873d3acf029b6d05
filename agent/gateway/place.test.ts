import { link, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepGood, readGood } from './keep-good.ts'
import { openFolder } from './place.ts'

const set = (files: Record<string, string>) => new Map(Object.entries(files))
const [a, b] = ['heddle-edge-a.conf', 'heddle-edge-b.conf']

t.test('files appear all at once, and foreign ones stay', async (t) => {
  await using folder = await temporaryFolder('place')
  await writeFile(join(folder.path, 'theirs.conf'), 'theirs')
  const own = await openFolder(folder.path, 'heddle-edge-')
  const prepared = await own.prepare(set({}), set({ [a]: '1', [b]: '2' }))
  t.strictSame(await own.read(), new Map(), 'nothing is there before')
  await prepared.commit()
  t.strictSame(Object.fromEntries(await own.read()), { [a]: '1', [b]: '2' })
  const next = await own.prepare(await own.read(), set({ [b]: '3' }))
  await next.commit()
  t.strictSame((await readdir(folder.path)).sort(), [b, 'theirs.conf'])
  t.equal(await readFile(join(folder.path, b), 'utf8'), '3')
})

t.test('what is discarded, or was left by an interrupted run, is gone', async (t) => {
  await using folder = await temporaryFolder('place')
  const own = await openFolder(folder.path, 'heddle-edge-')
  await (await own.prepare(set({}), set({ [a]: '1' }))).discard()
  t.strictSame(await readdir(folder.path), [])
  await own.prepare(set({}), set({ [a]: '1' }))
  t.strictSame(await readdir(folder.path), [`.${a}.new`], 'a hidden name, which "include *" does not take')
  await openFolder(folder.path, 'heddle-edge-')
  t.strictSame(await readdir(folder.path), [])
})

t.test('a link is never followed', async (t) => {
  await using folder = await temporaryFolder('place')
  await using elsewhere = await temporaryFolder('elsewhere')
  const target = join(elsewhere.path, 'target')
  await writeFile(target, 'theirs')
  const own = await openFolder(folder.path, 'heddle-edge-')
  await symlink(target, join(folder.path, a))
  await symlink(target, join(folder.path, `.${b}.new`))
  t.not((await own.read()).get(a), 'theirs')
  await (await own.prepare(await own.read(), set({ [a]: '1', [b]: '2' }))).commit()
  t.equal(await readFile(target, 'utf8'), 'theirs')
  t.strictSame(Object.fromEntries(await own.read()), { [a]: '1', [b]: '2' })
  await symlink(elsewhere.path, join(folder.path, 'link'))
  await t.rejects(openFolder(join(folder.path, 'link'), 'heddle-edge-'), { code: 'GATEWAY_FOLDER_UNFIT' })
})

t.test('a name that another file has too is replaced, and the other file stays as it is', async (t) => {
  await using folder = await temporaryFolder('place')
  await using elsewhere = await temporaryFolder('elsewhere')
  const target = join(elsewhere.path, 'target')
  await writeFile(target, 'theirs')
  const own = await openFolder(folder.path, 'heddle-edge-')
  await link(target, join(folder.path, a))
  await link(target, join(folder.path, `.${b}.new`))
  await (await own.prepare(await own.read(), set({ [a]: '1', [b]: '2' }))).commit()
  t.equal(await readFile(target, 'utf8'), 'theirs')
  t.strictSame(Object.fromEntries(await own.read()), { [a]: '1', [b]: '2' })
})

t.test('a folder that becomes a link leads nothing elsewhere', async (t) => {
  await using place = await temporaryFolder('place')
  await using elsewhere = await temporaryFolder('elsewhere')
  const folder = join(place.path, 'conf')
  await mkdir(folder)
  const own = await openFolder(folder, 'heddle-edge-')
  const prepared = await own.prepare(set({}), set({ [a]: '1' }))
  await rename(folder, `${folder}.old`)
  await symlink(elsewhere.path, folder)
  const unfit = { code: 'GATEWAY_FOLDER_UNFIT', message: /a link to one/ }
  await t.rejects(prepared.commit(), unfit)
  await t.rejects(own.prepare(set({}), set({ [a]: '1' })), unfit)
  await t.rejects(own.read(), unfit)
  t.strictSame(await readdir(elsewhere.path), [])
})

t.test('a folder that cannot be used is a failure with a name', async (t) => {
  await using folder = await temporaryFolder('place')
  await t.rejects(openFolder(join(folder.path, 'missing'), 'heddle-edge-'), {
    code: 'GATEWAY_FOLDER_UNFIT',
    retryable: true,
  })
  const own = await openFolder(folder.path, 'heddle-edge-')
  await mkdir(join(folder.path, `.${a}.new`))
  await t.rejects(own.prepare(set({}), set({ [a]: '1' })), { code: 'GATEWAY_FOLDER_UNFIT' })
})

t.test('the last good set is kept whole, or there is none', async (t) => {
  await using folder = await temporaryFolder('good')
  const good = join(folder.path, 'good')
  t.equal(await readGood(good), undefined)
  const kept = {
    format: 1 as const,
    set: { proxy: 'nginx' as const, version: 'v', revision: 3, urgent: false, files: [{ path: a, content: '1' }] },
    files: { [a]: '1' },
    quarantined: [],
  }
  await keepGood(good, kept)
  await keepGood(good, kept)
  t.strictSame(await readGood(good), kept)
  t.strictSame(await readdir(good), ['set.json'])
  await writeFile(join(good, 'set.json'), '{"format":1,')
  t.equal(await readGood(good), undefined)
})
