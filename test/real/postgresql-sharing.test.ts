import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { PostgresqlKind, type StorePlace } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { acknowledgedIds } from '#test/support/store/stored-fleet.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)
const day = 24 * 3_600_000
const log = createLogger({ name: 'test', level: 'silent' })
const writer = fileURLToPath(import.meta.resolve('#test/support/store/writer.ts'))

/** A replica: its own journal and fleet over the shared store. */
async function replica(store: Store) {
  const fleet = new Fleet()
  const stop = new AbortController()
  const config = { queue: 1_000, snapshot_every: 1_000_000, snapshot_within: day, retention: day }
  const journal = await openJournal({ store, fleet, config, log, signal: stop.signal })
  await journal.load()
  const dispose = async () => {
    stop.abort()
    await journal[Symbol.asyncDispose]()
  }
  return { fleet, journal, [Symbol.asyncDispose]: dispose }
}

function registered(id: string) {
  const spec = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }
  return { kind: 'registered', instance: id, spec, node: 'n-aaaaaaaaaaaa', origin: 'agent' } as const
}

function startWriter(place: StorePlace, notes: string, name: string): Promise<RunningProcess> {
  return spawnProcess(process.execPath, [writer, JSON.stringify(place.settings), notes, name], { name })
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('planes that share a PostgreSQL', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()

  for (const { how, listen } of [
    { how: 'by what they hear', listen: true },
    { how: 'by looking alone', listen: false },
  ]) {
    await t.test(`reduce what each of them appends to the same fleet, ${how}`, async (t) => {
      await using place = await kind.place()
      const postgresql = place.settings.postgresql && { ...place.settings.postgresql, listen }
      const settings = { ...place.settings, postgresql }
      await using one = await openStore(settings)
      await using two = await openStore(settings)
      t.equal(one.installation, two.installation)
      await using first = await replica(one)
      await using second = await replica(two)
      const heard = [first, second].map(({ journal }) => {
        const revisions: number[] = []
        journal.follow((entries) => revisions.push(...entries.map(({ revision }) => revision)))
        return revisions
      })
      const recordMany = async ({ journal }: typeof first, from: number) => {
        for (let index = from; index < from + 50; index += 1)
          await journal.record(registered(`crm-${index}`), { by: 'x' })
      }
      // Several at a time on each, so that commits of the one come between those of the other.
      await Promise.all(
        [0, 50, 0, 50, 100, 150].map((from, index) => recordMany(index % 2 === 0 ? first : second, from)),
      )
      const all = Array.from({ length: 300 }, (_, index) => index + 1)
      await waitFor(() => first.fleet.revision === 300 && second.fleet.revision === 300, {
        what: 'both to have all',
        withinMs: 20_000,
      })
      for (const revisions of heard) t.strictSame(revisions, all, 'each entry once, in order')
      t.equal(first.fleet.instances.size, 200)
      t.strictSame(first.fleet.state(), second.fleet.state())
    })
  }

  await t.test('read every entry once and in order while many append at once', async (t) => {
    await using place = await kind.place()
    const stores = await Promise.all([1, 2, 3].map(() => openStore(place.settings)))
    const [reader] = stores
    if (!reader) throw new Error('a store')
    const event = encodeEvent({ version: 1, at: 1, by: 'x', change: { kind: 'fell-silent', instance: 'crm-1' } })
    const seen: number[] = []
    let writing = true
    const reading = (async () => {
      while (writing || seen.length < (await reader.head())) {
        seen.push(...(await reader.read(seen.at(-1) ?? 0, 50)).map(({ revision }) => revision))
      }
    })()
    await Promise.all(
      stores.map(async (store) => {
        for (let round = 0; round < 60; round += 1)
          await store.append(Array.from({ length: 1 + (round % 3) }, () => event))
      }),
    )
    writing = false
    await reading
    t.strictSame(
      seen,
      Array.from({ length: 360 }, (_, index) => index + 1),
    )
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })

  await t.test('migrate it once when they start together', async (t) => {
    const database = await kind.database()
    await using folder = await temporaryFolder('notes')
    const settings = { path: `${folder.path}/heddle.db`, postgresql: kind.settings(database) }
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(settings)))
    t.equal(new Set(stores.map(({ installation }) => installation)).size, 1)
    const installed = await kind.server.query('select * from installation', database)
    t.equal(installed.length, 1)
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })

  await t.test('have one leader, also when it stands still and wakes up, and lose nothing', async (t) => {
    await using place = await kind.place()
    await using folder = await temporaryFolder('notes')
    const notes = `${folder.path}/notes`
    await using one = await startWriter(place, notes, 'one')
    await one.ready('leading', 20_000, () => /leads 1\n/.test(one.output))
    await using two = await startWriter(place, notes, 'two')
    await two.ready('its start', 20_000, () => two.output.includes('loaded'))
    await waitFor(async () => (await acknowledgedIds(notes)).length > 20, { what: 'records', withinMs: 20_000 })
    t.notMatch(two.output, /leads/)
    t.strictSame(await recordedBy(place), ['one'], 'only the leader records')

    one.signal('SIGSTOP')
    const stopped = performance.now()
    await two.ready('taking over', 20_000, () => /leads 2\n/.test(two.output))
    t.comment(`taken over within ${Math.round(performance.now() - stopped)} ms`)
    await waitFor(async () => (await recordedBy(place)).includes('two'), { what: 'its records', withinMs: 20_000 })
    const last = await lastOf(place, 'one')
    one.signal('SIGCONT')
    await one.ready('hearing of it', 20_000, () => /follows two/.test(one.output))
    const later = (await acknowledgedIds(notes)).length
    await waitFor(async () => (await acknowledgedIds(notes)).length > later + 20, { what: 'more', withinMs: 20_000 })
    t.equal(await lastOf(place, 'one'), last, 'the one that woke up wrote nothing')

    await two.kill()
    await one.ready('taking over again', 20_000, () => /leads 3\n/.test(one.output))
    await one.stop()
    const ids = await place.query("select subject_id from journal where kind = 'registered'")
    const kept = new Set(ids.map((row) => row.subject_id))
    t.strictSame(
      (await acknowledgedIds(notes)).filter((id) => !kept.has(id)),
      [],
    )
  })
})

async function recordedBy(place: StorePlace): Promise<readonly unknown[]> {
  return (await place.query('select distinct "by" from journal order by "by"')).map(({ by }) => by)
}

async function lastOf(place: StorePlace, by: string): Promise<unknown> {
  const [row] = await place.query(`select max(revision) as last from journal where "by" = '${by}'`)
  return row?.last
}
