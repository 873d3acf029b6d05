import { appendFileSync } from 'node:fs'
import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { FollowedLog } from './follow-log.ts'

async function setUp(t: Test) {
  const folder = await temporaryFolder('log')
  const path = join(folder.path, 'access.log')
  const log = new FollowedLog(path)
  t.teardown(async () => {
    await log[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  const read = async () => {
    const lines: string[] = []
    const readable = await log.read((line) => lines.push(line))
    return readable ? lines.join(' ') : undefined
  }
  return { path, log, read }
}

t.test('each line is read once, from the first reading on, and only when it is whole', async (t) => {
  const { path, read } = await setUp(t)
  await writeFile(path, 'old\n')
  t.equal(await read(), '')
  await appendFile(path, 'one\ntwo\nthr')
  t.equal(await read(), 'one two')
  await appendFile(path, 'ee\n\nfour 四\n')
  t.equal(await read(), 'three four 四')
  t.equal(await read(), '')
})

t.test('a line that is written while others are read is read once', async (t) => {
  const { path, log, read } = await setUp(t)
  await writeFile(path, '')
  await read()
  await appendFile(path, 'one\n')
  const lines: string[] = []
  await log.read((line) => {
    lines.push(line)
    if (line === 'one') appendFileSync(path, 'two\n')
  })
  t.equal(`${lines.join(' ')} ${await read()}`.trim(), 'one two')
  t.equal(await read(), '')
})

t.test('two readings at once hand over each line once', async (t) => {
  const { path, read } = await setUp(t)
  await writeFile(path, '')
  await read()
  await appendFile(path, 'one\n')
  t.strictSame(await Promise.all([read(), read()]), ['one', ''])
})

t.test('a file that comes later is new from its beginning', async (t) => {
  const { path, read } = await setUp(t)
  t.equal(await read(), undefined)
  await writeFile(path, 'one\n')
  t.equal(await read(), 'one')
})

t.test('no line is lost or read twice when the file is put aside, cut or gone for a while', async (t) => {
  const { path, read } = await setUp(t)
  await writeFile(path, '')
  await read()
  await appendFile(path, 'one\n')
  await rename(path, `${path}.1`)
  await appendFile(`${path}.1`, 'two\n')
  t.equal(await read(), 'one two')
  await appendFile(`${path}.1`, 'three\n')
  await writeFile(path, 'four\n')
  t.equal(await read(), 'three four')
  await truncate(path, 0)
  t.equal(await read(), '')
  await appendFile(path, 'five\n')
  t.equal(await read(), 'five')
  await rm(path)
  t.equal(await read(), '')
  await writeFile(path, 'six\n')
  t.equal(await read(), 'six')
})

t.test('a line without an end does not fill the memory', async (t) => {
  const { path, read } = await setUp(t)
  await writeFile(path, '')
  await read()
  await appendFile(path, 'x'.repeat(3 * 1024 * 1024))
  t.equal(await read(), '')
  await appendFile(path, '\nnext\n')
  t.match(await read(), /next$/)
})
