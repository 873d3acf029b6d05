import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import { temporaryFolder } from '#test/support/folder.ts'

// Some hundred megabytes go to a disk that others use, too.
t.setTimeout(150_000)

t.test('the log beside the file is written back while there is no reader, and cut back once one is gone', async (t) => {
  await using folder = await temporaryFolder('store')
  const path = `${folder.path}/heddle.db`
  await using store = await openStore({ path })
  const logBytes = async () => (await stat(`${path}-wal`)).size
  const large = encodeEvent({
    ...{ version: 1, at: 1_000, by: 'plane:r1' },
    change: { kind: 'fell-silent', instance: 'x'.repeat(1_000_000) },
  })
  for (let megabytes = 0; megabytes < 40; megabytes += 1) await store.append([large])
  t.ok((await logBytes()) < 16e6, `${await logBytes()} bytes without a reader`)
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('begin')
  reader.prepare('select revision from journal_head').get()
  for (let megabytes = 0; megabytes < 90; megabytes += 1) await store.append([large])
  t.ok((await logBytes()) > 68e6, `${await logBytes()} bytes beside a reader`)
  reader.close()
  for (let megabytes = 0; megabytes < 10; megabytes += 1) await store.append([large])
  t.ok((await logBytes()) <= 64 * 1024 * 1024, `${await logBytes()} bytes after it`)
})
