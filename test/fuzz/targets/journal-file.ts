import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { hasResult, resultCodes } from '#control-plane/journal/sqlite/failure.ts'
import { openSqlite } from '#control-plane/journal/sqlite/open-sqlite.ts'
import { decodeEntry, encodeEvent } from '#control-plane/journal/stored-event.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const spec: InstanceSpec = {
  id: 'crm-1',
  service: 'crm',
  address: '10.0.0.1',
  port: 80,
  tags: [],
  metadata: {},
  checks: [],
}
const events = Array.from({ length: 40 }, (_, index) => {
  const change: Change =
    index === 0
      ? ({ kind: 'registered', instance: 'crm-1', spec, node: 'host', origin: 'client' } as const)
      : ({
          kind: 'judged',
          instance: 'crm-1',
          health: index % 2 ? 'critical' : 'passing',
          reason: reason('ok'),
        } as const)
  return encodeEvent({ version: 1, at: 1_000 + index, by: 'client:crm-1', change })
})
const none = Buffer.alloc(0)
const parts = ['', '-wal', '-acknowledged'] as const

/** A journal as a crash leaves it: some of it in the file, some in its write-ahead log. */
const written = await (async () => {
  await using folder = await temporaryFolder('fuzz-written')
  const path = join(folder.path, 'journal.db')
  const store = await openSqlite({ path, mostBytes: undefined })
  for (const event of events) await store.append([event])
  const copies = await Promise.all(parts.map((part) => readFile(path + part)))
  await store[Symbol.asyncDispose]()
  return [...copies, await readFile(path)]
})()
const [database = none, log = none, note = none, closed = none] = written
const original = new Map(events.map((event, index) => [index + 1, event.body]))

type Files = { readonly database: Buffer; readonly log: Buffer; readonly note: Buffer | undefined }
type World = AsyncDisposable & { readonly folder: Folder; files: number }

/** A journal whose files were cut at any byte or damaged: it is refused by its name, or it gives entries that can be reduced. */
export const target = targetOf<Files, World>({
  arbitrary: fc.oneof(
    fc.record({
      database: fc.constant(database),
      log: fc.nat(log.length).map((at) => log.subarray(0, at)),
      note: fc.constantFrom(note, undefined),
    }),
    fc.record({ database: mutated([database, closed]), log: mutated([log]), note: fc.constantFrom(note, undefined) }),
    fc.record({ database: fc.constant(database), log: fc.constant(log), note: mutated([note]) }),
  ),
  mostMs: 5_000,
  mostGrowthMiB: 64,
  open: async () => {
    const folder = await temporaryFolder('fuzz-journal')
    return { folder, files: 0, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  },
  run: async (files, world) => {
    world.files += 1
    const path = join(world.folder.path, `${world.files}.db`)
    try {
      await Promise.all([writeFile(path, files.database), writeFile(`${path}-wal`, files.log)])
      if (files.note) await writeFile(`${path}-acknowledged`, files.note)
      return await read(path, files)
    } finally {
      for (const part of [...parts, '-shm', '-lock', '-journal']) await rm(path + part, { force: true })
    }
  },
})

async function read(path: string, { database: file, log: rest, note: acknowledged }: Files) {
  try {
    await using store = await openSqlite({ path, mostBytes: undefined })
    const fleet = new Fleet()
    const head = await store.head()
    const entries = await store.read(0, 1_000)
    fleet.apply(entries.map(decodeEntry))
    // Of what was only cut, what is read is what was written.
    if (file === database && acknowledged === note && rest.length < log.length) {
      promise(entries.length === events.length, 'entries that were acknowledged are missing, and nobody says so')
    }
    if (file === database && log.subarray(0, rest.length).equals(rest)) {
      promise(
        entries.every(({ revision, body }) => body === original.get(revision)),
        'an entry is another one',
      )
      promise(head === entries.length, `the head is ${head} after ${entries.length} entries`)
    }
    return 'taken'
  } catch (error) {
    if (error instanceof Failure && error.code.startsWith('STORE_')) return 'refused'
    // As the thread of the store names them.
    if (hasResult(error, Object.values(resultCodes))) return 'refused'
    throw error
  }
}
