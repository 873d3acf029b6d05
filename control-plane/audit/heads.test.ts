import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { isSigned, type SignedHead } from '#shared/audit/head.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { draft } from '#test/support/store/access-suite.ts'
import { AuditHeads, auditKey } from './heads.ts'
import { retainAudit } from './retain.ts'

t.test('where the audit stands is said when it has moved, each time signed', async (t) => {
  await using folder = await temporaryFolder('heads')
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  const file = join(folder.path, 'heads')
  const key = await auditKey(join(folder.path, 'key'))
  const heads = new AuditHeads({ store, installation: 'i-1', file, key })
  await heads.say(1)
  await t.rejects(readFile(file), { code: 'ENOENT' }, 'there is nothing to say yet')
  for (const subject of ['a', 'b']) {
    await store.appendAudit([draft(subject)])
    await heads.say(2)
    await heads.say(3)
  }
  const said = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SignedHead)
  const { head } = await store.auditChain()
  t.match(said, [{ seq: 1 }, { seq: 2, hash: head.hash, installation: 'i-1' }])
  t.ok(said.every(isSigned))
})

t.test('the key is made once, for this user alone, and one that others can read is refused', async (t) => {
  await using folder = await temporaryFolder('heads')
  const path = join(folder.path, 'key')
  const made = await Promise.all([auditKey(path), auditKey(path)])
  t.equal((await stat(path)).mode & 0o777, 0o600)
  const again = await auditKey(path)
  t.ok(made.every((key) => key.equals(again)))
  await chmod(path, 0o644)
  await t.rejects(auditKey(path), { code: 'SECRET_UNUSABLE', message: /others may read/ })
  await chmod(path, 0o600)
  await writeFile(path, 'no key')
  await t.rejects(auditKey(path), { code: 'SECRET_UNUSABLE' })
  await t.rejects(auditKey(join(folder.path, 'no', 'folder', 'key')), { code: 'SECRET_UNUSABLE' })
})

t.test('old rows go, however many', async (t) => {
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  const at = Date.parse('2026-01-01T00:00:00Z')
  await store.appendAudit(Array.from({ length: 2_500 }, (_, index) => draft(`${index}`, { at: at + index })))
  t.equal(await retainAudit(store, at + 2_300), 2_300)
  t.equal(await retainAudit(store, at + 2_300), 0)
  t.equal((await store.auditChain()).dropped.seq, 2_300)
})
