import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { readBackup } from '#shared/backup/read-backup.ts'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { backedUp, edited, openDatabase, restoreInto, wish } from '#test/support/store/backing-up.ts'
import { storedToken } from '#test/support/store/identity-suite.ts'
import { logLines } from '#test/support/store/journal.ts'
import type { JournalEntry } from '../../fleet/event.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { fleetHash } from '../../fleet/fleet-hash.ts'
import { saveSnapshot } from '../compact.ts'
import { replay } from '../replay.ts'
import { encodeEvent } from '../stored-event.ts'
import { replayed } from './dump.ts'
import { rowsOf, tablesOf, tally } from './table-rows.ts'

const { log } = logLines()
const never = new AbortController().signal
type Database = Awaited<ReturnType<typeof openDatabase>>

async function holding(entries: readonly JournalEntry[], snapshotAt = 0): Promise<Database> {
  const database = await openDatabase()
  await database.store.append(entries.map(({ event }) => encodeEvent(event)))
  if (snapshotAt > 0) {
    const fleet = new Fleet()
    fleet.apply(entries.slice(0, snapshotAt))
    await saveSnapshot(database.store, fleet.state(), 0, never)
  }
  return database
}

async function fleetOf({ store }: Database, until?: number) {
  const fleet = new Fleet()
  const facts = await replay(store, fleet, { log, until: until ?? (await store.head()), batch: 7 })
  return { ...facts, fleet, hash: fleetHash(fleet.state()) }
}

const [someEntries = []] = fc.sample(
  anyJournal().filter(({ length }) => length >= 30),
  { numRuns: 1, seed: 5 },
)
const entries = someEntries.filter(({ event }) => event.change.kind !== 'restored')

t.test('a restored store has every row, and the same fleet, whatever the journal', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyJournal(), fc.nat(60), async (entries, snapshotAt) => {
      await using from = await holding(entries, Math.min(snapshotAt, entries.length))
      await using to = await openDatabase()
      const { header, trailer } = await restoreInto(to.db, await backedUp(from.db))
      const fleets = [(await fleetOf(from)).hash, (await fleetOf(to)).hash, trailer.fleet.hash]
      return header.revision === entries.length && new Set(fleets).size === 1
    }),
    { numRuns: 25 },
  )
  t.pass()
})

t.test('all tables come back as they were, but for what says that it was restored', async (t) => {
  await using from = await holding(entries, 12)
  const rollup = {
    service: 's',
    node: 'n',
    name: '温度',
    unit: 'count',
    sum: 1.1,
    min: 0.1,
    max: 1,
    last: 1e-7,
    samples: 3,
  }
  const rollups = Array.from({ length: 1_203 }, (_, minute) => ({ ...rollup, minute: minute * 60_000 }) as const)
  await from.store.saveRollups(rollups as never)
  await using to = await openDatabase()
  const { resumed } = await restoreInto(to.db, await backedUp(from.db), { by: 'operator:bob', now: 4_000 })
  for (const each of await tablesOf(from.db)) {
    if (['journal', 'journal_head', 'leadership', 'audit', 'audit_head'].includes(each.table)) continue
    t.strictSame(await tally(to.db, each), await tally(from.db, each), each.table)
  }
  const last = (await to.store.read(entries.length, 10)).at(-1)
  t.match(last, { revision: resumed, kind: 'restored', by: 'operator:bob', at: 4_000, subjectKind: 'installation' })
  t.match(await to.store.leadership(), { epoch: 1_000_000_000, holder: '', run: '' })
})

t.test('an enrolment token lets nobody in after a restore: it may have been ended since', async (t) => {
  await using from = await holding(entries)
  await from.store.addToken(storedToken('aaaaaaaaaa', { usesLeft: 3 }))
  await using to = await openDatabase()
  await restoreInto(to.db, await backedUp(from.db))
  t.equal(await to.store.token('aaaaaaaaaa'), undefined)
})

t.test('a restored journal goes on far above, and its past is there still', async (t) => {
  await using from = await holding(entries, 12)
  await using to = await openDatabase()
  const { resumed } = await restoreInto(to.db, await backedUp(from.db))
  t.equal(resumed, 1_000_000_000 * Math.ceil(resumed / 1_000_000_000))
  t.ok(resumed > entries.length + 900_000_000)
  t.equal(
    await to.store.append([encodeEvent({ version: 1, at: 1, by: 'x', change: { kind: 'thawed', reason: '' } })]),
    resumed + 1,
  )
  const whole = await fleetOf(to)
  t.equal(whole.fleet.revision, resumed + 1)
  for (const past of [1, 12, entries.length]) {
    t.equal((await fleetOf(to, past)).hash, (await fleetOf(from, past)).hash, `revision ${past}`)
  }
  const lost = await fleetOf(to, resumed - 5)
  t.equal(lost.hash, (await fleetOf(from)).hash, 'of a revision that was lost, the state before it is told')
  t.equal(lost.fleet.revision, entries.length)
})

t.test('a journal with a hole that no restoring explains is refused', async (t) => {
  await using from = await holding(entries)
  await using to = await openDatabase()
  const { resumed } = await restoreInto(to.db, await backedUp(from.db))
  await to.db.deleteFrom('journal').where('revision', '=', entries.length).execute()
  await t.rejects(fleetOf(to), { code: 'STORE_CORRUPT' })
  await t.rejects(fleetOf(to, resumed - 1), { code: 'STORE_CORRUPT' })
})

t.test('what is restored can be backed up and restored again', async (t) => {
  await using from = await holding(entries)
  await using once = await openDatabase()
  const first = await restoreInto(once.db, await backedUp(from.db))
  await using twice = await openDatabase()
  const second = await restoreInto(twice.db, await backedUp(once.db))
  t.equal(second.header.revision, first.resumed)
  t.ok(second.resumed > first.resumed)
  t.equal((await fleetOf(twice)).hash, (await fleetOf(from)).hash)
  t.match(await twice.store.leadership(), { epoch: 2_000_000_000 })
})

t.test('a backup of an older schema is restored, and brought to the newest one', async (t) => {
  await using from = await openDatabase('0006-leadership')
  const rows = entries.map(({ event }, index) => {
    const { subjectKind, subjectId, tenant: _, ...kept } = encodeEvent(event)
    return { revision: index + 1, subject_kind: subjectKind, subject_id: subjectId, ...kept }
  })
  await from.db.insertInto('journal').values(rows).execute()
  await from.db.updateTable('journal_head').set({ revision: rows.length }).execute()
  await using to = await openDatabase()
  const { header } = await restoreInto(to.db, await backedUp(from.db))
  t.equal(header.schema, '0006-leadership')
  t.equal((await fleetOf(to)).hash, (await replayed(from.db, rows.length, log)).hash)
  await to.db.selectFrom('routing_splits').selectAll().execute()
})

t.test('metrics may be left out', async (t) => {
  await using from = await holding(entries)
  await using to = await openDatabase()
  const { header } = await restoreInto(to.db, await backedUp(from.db, { ...wish, metrics: false }))
  t.strictSame(header.left_out, ['service_metrics'])
  t.notOk('service_metrics' in header.rows)
})

t.test('a fleet made by another version of Heddle is not compared', async (t) => {
  await using from = await holding(entries)
  await using to = await openDatabase()
  const bytes = await backedUp(from.db)
  t.match(await restoreInto(to.db, bytes, { heddle: '2.0.0' }), { compared: false })
})

t.test('nothing is restored into a store that holds something', async (t) => {
  await using from = await holding(entries)
  const bytes = await backedUp(from.db)
  await using journal = await holding(entries.slice(0, 3))
  await t.rejects(restoreInto(journal.db, bytes), { code: 'STORE_NOT_EMPTY', message: /revision 3/ })
  await using versions = await openDatabase()
  const task = { task_id: 't', source_node: 'n', target_nodes: '[]', data_type: 'user', data: '{}', priority: 1 }
  const more = { status: 'pending', error: null, timestamp: '', bytes: 2, created_at: '', updated_at: '' }
  await versions.db
    .insertInto('sync_tasks')
    .values({ ...task, ...more })
    .execute()
  await t.rejects(restoreInto(versions.db, bytes), { code: 'STORE_NOT_EMPTY', message: /sync_tasks/ })
  await using led = await openDatabase()
  await led.store.claimLeadership({ run: 'r', holder: 'host-1', forMs: 60_000 })
  await t.rejects(restoreInto(led.db, bytes), { code: 'STORE_IN_USE', message: /host-1/ })
})

t.test('what a file that cannot be restored says, and that nothing is restored of it', async (t) => {
  await using from = await holding(entries)
  const bytes = await backedUp(from.db)
  const header = (more: object) => (lines: string[]) => [
    JSON.stringify({ ...JSON.parse(lines[0] ?? ''), ...more }),
    ...lines.slice(1),
  ]
  const without = (pattern: RegExp) => (lines: string[]) =>
    lines.filter((line, index) => index === 0 || !pattern.test(line))
  const rowOf = (lines: string[]) => lines.findIndex((line) => line.startsWith('["'))
  for (const { name, file, failure } of [
    { name: 'a newer format', file: edited(bytes, header({ version: 2 })), failure: { code: 'BACKUP_TOO_NEW' } },
    {
      name: 'a newer schema',
      file: edited(bytes, header({ schema: '9999-later' })),
      failure: { code: 'BACKUP_TOO_NEW', message: /9999-later/ },
    },
    { name: 'something else', file: Buffer.from('PK\u0003\u0004 something'), failure: { code: 'BACKUP_UNREADABLE' } },
    { name: 'other lines', file: edited(bytes, () => ['{"a":1}']), failure: { code: 'BACKUP_UNREADABLE' } },
    { name: 'no lines', file: edited(bytes, () => []), failure: { code: 'BACKUP_CUT' } },
    { name: 'nothing', file: Buffer.alloc(0), failure: { code: 'BACKUP_CUT' } },
    {
      name: 'an edited row',
      file: edited(bytes, (lines) => lines.with(rowOf(lines), (lines[rowOf(lines)] ?? '').replace(/"/, '"x'))),
      failure: { code: 'BACKUP_DAMAGED' },
    },
    {
      name: 'a missing row',
      file: edited(bytes, (lines) => lines.toSpliced(rowOf(lines), 1)),
      failure: { code: 'BACKUP_DAMAGED' },
    },
    { name: 'a missing table', file: edited(bytes, without(/alert_rules/)), failure: { code: 'BACKUP_DAMAGED' } },
    { name: 'no trailer', file: edited(bytes, without(/^\{"trailer/)), failure: { code: 'BACKUP_CUT' } },
    {
      name: 'lines after its trailer',
      file: edited(bytes, (lines) => [...lines, '{}']),
      failure: { code: 'BACKUP_DAMAGED' },
    },
    { name: 'an edited header', file: edited(bytes, header({ owner: 'b' })), failure: { code: 'BACKUP_DAMAGED' } },
  ]) {
    await using to = await openDatabase()
    await t.rejects(restoreInto(to.db, file), failure, name)
    t.equal(await to.store.head(), 0, name)
    t.equal((await rowsOf(to.db, { table: 'cluster_users', columns: ['id'] }).next()).value?.length, 3, name)
  }
})

t.test('a file that is cut anywhere is said to be cut', async (t) => {
  await using from = await holding(entries.slice(0, 8))
  const bytes = await backedUp(from.db)
  const answers = new Set<string>()
  // In the last bytes there is nothing but the end of what was packed.
  for (let end = 0; end < bytes.length - 16; end += 1) {
    const reading = async () => {
      for await (const piece of readBackup(Readable.from([bytes.subarray(0, end)]), 'a.zst')) {
        if (piece.kind === 'trailer') answers.add(`whole at ${end} of ${bytes.length}`)
      }
    }
    await reading().catch(({ code }) => answers.add(code))
  }
  t.strictSame([...answers], ['BACKUP_CUT'])
  await using to = await openDatabase()
  await t.rejects(restoreInto(to.db, bytes.subarray(0, -100)), { code: 'BACKUP_CUT' })
  t.equal(await to.store.head(), 0)
})

t.test('a byte that is changed anywhere never goes unnoticed', async (t) => {
  await using from = await holding(entries.slice(0, 8))
  const bytes = await backedUp(from.db)
  const hash = (await fleetOf(from)).hash
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ flip
      await using to = await openDatabase()
      return await restoreInto(to.db, changed).then(
        // Some bits of a packed file mean nothing: what it says is the same.
        ({ trailer }) => trailer.fleet.hash === hash,
        ({ code }) => /^BACKUP_/.test(code),
      )
    }),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('what the store gives back otherwise is not restored', async (t) => {
  await using from = await holding(entries)
  const bytes = await backedUp(from.db)
  await using to = await openDatabase()
  const wrong = edited(bytes, (lines) => lines.map((line) => line.replace(/("fleet":\{"hash":")./, '$1z')))
  await t.rejects(restoreInto(to.db, wrong), { code: 'STORE_CORRUPT', message: /another fleet/ })
  t.notOk(isDeepStrictEqual(wrong, bytes))
  t.equal(await to.store.head(), 0)
})
