import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { emptyBook, ignore } from './book.ts'
import { readBook, writeBook } from './keep-book.ts'

const log = createLogger({ name: 'test', level: 'silent' })

t.test('what was written is read again, also by an agent whose folder was not there yet', async (t) => {
  await using folder = await temporaryFolder('book')
  const state = join(folder.path, 'deep', 'state')
  t.equal(await readBook(state, log), emptyBook)
  const book = ignore(emptyBook, 'found-8081-00000000', 'operator:安娜', 'billing')
  await writeBook(state, book)
  t.strictSame(await readBook(state, log), book)
  t.strictSame(await readdir(state), ['discovered.json'])
})

t.test('a book that cannot be read is put aside, not written over', async (t) => {
  await using folder = await temporaryFolder('book')
  for (const text of ['{"version":1,"adop', '{"version":2}', '']) {
    await writeFile(join(folder.path, 'discovered.json'), text)
    t.equal(await readBook(folder.path, log), emptyBook)
    t.strictSame(await readdir(folder.path), ['discovered.json.unreadable'])
  }
})
