import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { temporaryFolder } from '#test/support/folder.ts'
import { createLogger } from '../logging/logger.ts'
import { readJson, readOrPutAside, writeJson } from './keep-json.ts'

const schema = z.object({ a: z.number() })
const damaged = ['', '{"a":', '{"a":"b"}', 'null']

function recorder() {
  const lines: string[] = []
  return { lines, log: createLogger({ name: 'test', level: 'info' }, { write: (line) => void lines.push(line) }) }
}

t.test('what was written is read, and nothing else lies about', async (t) => {
  await using folder = await temporaryFolder('keep')
  const path = join(folder.path, 'x.json')
  t.strictSame(await readJson(path, schema), { kind: 'missing' })
  await writeJson(path, { a: 1, of: 'later' })
  t.strictSame(await readJson(path, schema), { kind: 'read', value: { a: 1 } })
  t.strictSame(await readdir(folder.path), ['x.json'])
})

t.test('it is written for those who may read it, as they read it', async (t) => {
  await using folder = await temporaryFolder('keep')
  const path = join(folder.path, 'x.json')
  await writeJson(path, { a: 1 })
  t.equal(await readFile(path, 'utf8'), '{"a":1}\n')
  t.equal((await stat(path)).mode & 0o777, 0o640 & ~process.umask())
  await writeJson(path, { a: 1 }, { mode: 0o600, indent: 2 })
  t.equal(await readFile(path, 'utf8'), '{\n  "a": 1\n}\n')
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

t.test('a damaged file is told from one that the disk does not give, and each stays as it is', async (t) => {
  await using folder = await temporaryFolder('keep')
  const path = join(folder.path, 'x.json')
  for (const text of damaged) {
    await writeFile(path, text)
    t.match(await readJson(path, schema), { kind: 'damaged', error: Error })
    t.equal(await readFile(path, 'utf8'), text)
  }
  t.match(await readJson(folder.path, schema), { kind: 'unreadable', error: { code: 'EISDIR' } })
})

t.test('a damaged file is put aside and told; later ones take its place there', async (t) => {
  await using folder = await temporaryFolder('keep')
  const path = join(folder.path, 'x.json')
  const { log, lines } = recorder()
  for (const [index, text] of damaged.entries()) {
    await writeFile(path, text)
    t.match(await readOrPutAside(path, schema, log, 'it is made anew'), { kind: 'damaged' })
    t.strictSame(await readdir(folder.path), ['x.json.unreadable'])
    t.equal(await readFile(`${path}.unreadable`, 'utf8'), text)
    t.match(JSON.parse(lines[index] ?? ''), { msg: 'it is made anew', file: path, aside: `${path}.unreadable` })
  }
})

t.test(
  'nothing is told of a file that is good or not there; what the disk does not give is told and stays',
  async (t) => {
    await using folder = await temporaryFolder('keep')
    const path = join(folder.path, 'x.json')
    const { log, lines } = recorder()
    t.strictSame(await readOrPutAside(path, schema, log, 'it is made anew'), { kind: 'missing' })
    await writeJson(path, { a: 1 })
    t.strictSame(await readOrPutAside(path, schema, log, 'it is made anew'), { kind: 'read', value: { a: 1 } })
    t.strictSame(lines, [])
    t.match(await readOrPutAside(folder.path, schema, log, 'it is made anew'), { kind: 'unreadable' })
    t.match(JSON.parse(lines[0] ?? ''), { msg: 'it is made anew', file: folder.path, err: { message: /EISDIR/ } })
    t.strictSame(await readdir(folder.path), ['x.json'])
  },
)

t.test('a value is not written where the disk does not take it', async (t) => {
  await using folder = await temporaryFolder('keep')
  await t.rejects(writeJson(join(folder.path, 'missing/x.json'), {}), { code: 'ENOENT' })
  await t.rejects(writeJson(folder.path, {}), { code: 'EISDIR' })
})
