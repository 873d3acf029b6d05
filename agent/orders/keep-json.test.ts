import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { createLogger } from '#shared/logging/logger.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { readJson, writeJson } from './keep-json.ts'

const log = createLogger({ name: 'test', level: 'silent' })
const schema = z.object({ a: z.number() })

t.test('what was written is read, and nothing else lies about', async (t) => {
  await using folder = await temporaryFolder('keep')
  const file = join(folder.path, 'state/x.json')
  t.strictSame(await readJson(file, schema, log), { kind: 'missing' })
  await writeJson(file, { a: 1 })
  t.strictSame(await readJson(file, schema, log), { kind: 'read', value: { a: 1 } })
  t.strictSame(await readdir(join(folder.path, 'state')), ['x.json'])
})

t.test('a file that is damaged is put aside, one that cannot be read is told', async (t) => {
  await using folder = await temporaryFolder('keep')
  const file = join(folder.path, 'x.json')
  for (const text of ['{"a":', '{"a":"b"}']) {
    await writeFile(file, text)
    t.strictSame(await readJson(file, schema, log), { kind: 'unreadable' })
  }
  t.strictSame(await readdir(folder.path), ['x.json.unreadable'])
  t.strictSame(await readJson(folder.path, schema, log), { kind: 'unreadable' })
})
