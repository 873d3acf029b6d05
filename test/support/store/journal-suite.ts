import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Change, JournalEntry } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { type Journal, type JournalSettings, openJournal } from '#control-plane/journal/open-journal.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'

import { anyEvent } from '../arbitraries/journals.ts'
import { waitFor } from '../wait.ts'
import { logLines } from './journal.ts'
import type { StoreKind } from './kinds.ts'

const day = 24 * 3_600_000
const defaults: JournalSettings = { queue: 1_000, snapshot_every: 100_000, snapshot_within: day, retention: 30 * day }

/** A loaded journal over a store, with the fleet that it leads to. */
export async function loaded(store: Store, settings: Partial<JournalSettings> = {}, now?: () => number) {
  const fleet = new Fleet()
  const { log, lines } = logLines()
  const { signal } = new AbortController()
  const clock = now === undefined ? {} : { now }
  const journal = await openJournal({ store, fleet, config: { ...defaults, ...settings }, log, signal, ...clock })
  const replayed = await journal.load()
  return { journal, fleet, lines, replayed, [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose]() }
}

export const by = 'plane:r1'
export const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }

export function registered(id: string): Change {
  return { kind: 'registered', instance: id, spec: { ...spec, id }, node: 'n-aaaaaaaaaaaa', origin: 'agent' }
}

function departs(instance: string): Change {
  return { kind: 'deregistered', instance, cause: 'operator' }
}

/** Registers so many instances, all at once. */
function registerMany(journal: Journal, count: number, from = 0) {
  return Promise.all(
    Array.from({ length: count }, (_, index) => journal.record(registered(`crm-${from + index}`), { by })),
  )
}

/** What a journal promises, whatever it is stored in. */
export async function journalSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('what is recorded is on disk and applied when that is said', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store, {}, () => 1_000)
    const { journal, fleet } = plane
    t.equal(await journal.record(registered('crm-1'), { by }), 'changed')
    t.equal(fleet.instances.get('crm-1')?.registeredAt, 1_000)
    t.strictSame(await journal.read(0, 10), [
      { revision: 1, event: { version: 1, at: 1_000, by, change: registered('crm-1') } },
    ])
    t.equal(journal.newest(), 1)
  })

  await t.test('an author learns what became of its event', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal } = plane
    t.strictSame(
      await Promise.all([
        journal.record(registered('crm-1'), { by, seen: 0 }),
        journal.record(registered('crm-1'), { by, seen: 0 }),
        journal.record(registered('crm-1'), { by }),
      ]),
      ['changed', 'overtaken', 'unchanged'],
    )
  })

  await t.test('calls in one tick share a commit and keep their order', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal, fleet } = plane
    await registerMany(journal, 1_000)
    t.match(journal.status(), { commits: 1, events: 1_000, waiting: 0, state: 'ready' })
    t.strictSame(
      [...fleet.instances.keys()],
      Array.from({ length: 1_000 }, (_, index) => `crm-${index}`),
    )
  })

  await t.test('a text that a store could not give back is changed before anyone believes it', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal, fleet } = plane
    await journal.record(registered('crm-1'), { by: 'operator:\uD800' })
    await using again = await loaded(store)
    t.strictSame(again.fleet.state(), fleet.state())
    await journal[Symbol.asyncDispose]()
  })

  await t.test('more than may wait is refused as overloaded, and the rest is recorded', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store, { queue: 3 })
    const { journal, fleet } = plane
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) => journal.record(registered(`crm-${index}`), { by })),
    )
    t.strictSame(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    )
    t.match(results[4], { reason: { code: 'STORE_OVERLOADED', retryable: true } })
    t.equal(fleet.instances.size, 3)
    t.match(journal.status(), { refused: 2, events: 3 })
    t.equal(await journal.record(registered('crm-4'), { by }), 'changed')
  })

  await t.test('nothing is recorded before the journal is loaded, or after it is closed', async (t) => {
    await using store = await kind.open()
    const { log } = logLines()
    const { signal } = new AbortController()
    const journal = await openJournal({ store, fleet: new Fleet(), config: defaults, log, signal })
    t.equal(journal.status().state, 'unloaded')
    await t.rejects(journal.record(registered('crm-1'), { by }), { code: 'STORE_UNAVAILABLE', message: /not loaded/ })
    await journal.load()
    const last = journal.record(registered('crm-1'), { by })
    await journal[Symbol.asyncDispose]()
    t.equal(await last, 'changed', 'what was recorded before closing is done')
    await t.rejects(journal.record(registered('crm-2'), { by }), { code: 'STORE_UNAVAILABLE', message: /closed/ })
    t.equal(await store.head(), 1)
  })

  await t.test('followers hear of every commit after it is applied, until they stop', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal, fleet, lines } = plane
    const heard: string[] = []
    const stopFailing = journal.follow(() => {
      throw new Error('a bug in a follower')
    })
    const stop = journal.follow((entries) => {
      heard.push(`${entries.map(({ revision }) => revision)} at ${fleet.revision}`)
    })
    await registerMany(journal, 2)
    t.match(lines.at(-1), { level: 'warn', err: { message: 'a bug in a follower' } })
    stopFailing()
    await journal.record(registered('crm-9'), { by })
    stop()
    await journal.record(registered('crm-10'), { by })
    t.strictSame(heard, ['1,2 at 2', '3 at 3'])
  })

  await t.test('what somebody else appended is reduced first, in the one order', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal, fleet } = plane
    const heard: number[] = []
    journal.follow((entries) => heard.push(...entries.map(({ revision }) => revision)))
    await journal.record(registered('crm-1'), { by })
    const other = { version: 1, at: 0, by: 'plane:r2', change: { kind: 'fell-silent', instance: 'crm-1' } } as const
    await store.append(Array.from({ length: 600 }, () => encodeEvent(other)))
    await store.append([encodeEvent({ ...other, change: registered('crm-2') })])
    t.equal(await journal.record(registered('crm-2'), { by: 'plane:r2' }), 'unchanged')
    t.equal(fleet.revision, 603)
    t.strictSame(
      heard,
      Array.from({ length: 603 }, (_, index) => index + 1),
    )
  })

  await t.test('any changes, recorded in any company, leave the same fleet after a restart', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyEvent, { maxLength: 8 }), { maxLength: 8 }), async (ticks) => {
        await using store = await kind.open()
        await using plane = await loaded(store)
        const { journal, fleet } = plane
        for (const [index, events] of ticks.entries()) {
          await Promise.all(
            events.map(({ change, by, seen }) => journal.record(change, seen === undefined ? { by } : { by, seen })),
          )
          if (index === 4) await journal.compact()
        }
        await journal[Symbol.asyncDispose]()
        await using again = await loaded(store)
        return isDeepStrictEqual(again.fleet.state(), fleet.state())
      }),
      { numRuns: kind.tries(40), endOnFailure: true },
    )
    t.pass()
  })

  await t.test('a snapshot is taken after enough events, and the next start uses it', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store, { snapshot_every: 10 })
    const { journal } = plane
    await registerMany(journal, 9)
    t.equal(journal.status().snapshot, 0)
    await journal.record(registered('crm-9'), { by })
    await waitFor(() => journal.status().snapshot === 10, { what: 'the snapshot', withinMs: 20_000 })
    await journal.record(registered('crm-10'), { by })
    await journal[Symbol.asyncDispose]()
    await using again = await loaded(store)
    t.match(again.replayed, { revision: 11, snapshot: { revision: 10 }, entries: 1 })
    t.equal(again.journal.status().snapshot, 10)
  })

  await t.test('who departed before or after a snapshot and stayed away is known after a restart', async (t) => {
    await using store = await kind.open()
    {
      await using plane = await loaded(store)
      const { journal } = plane
      await registerMany(journal, 4)
      await journal.record(departs('crm-0'), { by })
      await journal.record(departs('crm-1'), { by })
      await journal.record(registered('crm-1'), { by })
      await journal.compact()
      await journal.record(departs('crm-2'), { by })
    }
    await using again = await loaded(store)
    t.equal(again.replayed.entries, 1)
    t.strictSame(
      ['crm-0', 'crm-1', 'crm-2', 'crm-3', 'crm-9'].filter((id) => again.fleet.hasDeparted(id)),
      ['crm-0', 'crm-2'],
    )
  })

  await t.test('compaction drops what is no longer kept, and never the tail', async (t) => {
    await using store = await kind.open()
    let now = 100 * day
    await using plane = await loaded(store, { retention: 10 * day, snapshot_within: 999 * day }, () => now)
    const { journal, fleet } = plane
    for (let round = 0; round < 5; round += 1) {
      await registerMany(journal, 10, round * 10)
      await journal.compact()
      now += 4 * day
    }
    // The last time it was day 116; the first two rounds, on days 100 and 104, were out of the retention.
    t.strictSame(
      (await store.snapshots()).map(({ revision }) => revision),
      [50, 40, 30],
    )
    t.equal(await store.oldest(), 21)
    await journal.record(registered('crm-1'), { by })
    await journal[Symbol.asyncDispose]()
    await using again = await loaded(store)
    t.strictSame(again.fleet.state(), fleet.state())
  })

  await t.test('compactions that are asked for at once do not harm each other', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store, { snapshot_every: 50 })
    const { journal, fleet } = plane
    for (let round = 0; round < 8; round += 1) {
      await registerMany(journal, 60, round * 60)
      await Promise.all([journal.compact(), journal.compact()])
    }
    for (const { revision } of await store.snapshots()) {
      t.equal((await journal.stateAt(revision)).instances.length, revision)
    }
    await journal[Symbol.asyncDispose]()
    await using again = await loaded(store)
    t.match(again.replayed, { snapshot: { revision: fleet.revision }, entries: 0 })
    t.strictSame(
      again.lines.filter(({ level }) => level === 'warn'),
      [],
    )
  })

  await t.test('what a crash left of an unfinished snapshot is in nobody’s way', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal } = plane
    await registerMany(journal, 5)
    await store.saveSnapshotPart(5, 0, 'cut off')
    await store.saveSnapshotPart(5, 40, 'cut off')
    await journal.compact()
    t.match(await store.snapshots(), [{ revision: 5 }])
    t.equal(await store.snapshotPart(5, 40), undefined)
  })

  await t.test('the state of a past moment is had as long as it is kept', async (t) => {
    await using store = await kind.open()
    let now = 1_000
    await using plane = await loaded(store, { retention: 0 }, () => now)
    const { journal, fleet } = plane
    const states = [fleet.state()]
    for (let index = 0; index < 6; index += 1) {
      now += 1_000
      await journal.record(registered(`crm-${index}`), { by })
      states.push(fleet.state())
    }
    t.strictSame(await journal.stateAt(4), states[4])
    t.strictSame(await journal.stateAt(await journal.revisionAt(3_500)), states[2])
    await journal.compact()
    await journal.record(registered('crm-6'), { by })
    await t.rejects(journal.stateAt(4), { code: 'NOT_FOUND', remedy: /retention/ })
    await t.rejects(journal.stateAt(99), { code: 'NOT_FOUND' })
    t.strictSame(await journal.stateAt(6), states[6])
  })

  await t.test('a store that went back is noticed before anything is believed', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal, fleet } = plane
    await registerMany(journal, 3)
    const elsewhere = await kind.open()
    const { signal } = new AbortController()
    const { log } = logLines()
    const mixed = await openJournal({ store: elsewhere, fleet, config: defaults, log, signal })
    await mixed.load().catch(() => {})
    await t.rejects(mixed.record(registered('crm-9'), { by }), { code: 'STORE_CORRUPT', message: /went back/ })
    t.equal(mixed.status().state, 'unavailable')
    t.equal(fleet.revision, 3)
    await mixed[Symbol.asyncDispose]()
    await journal[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })

  /** A journal over a store that several share, which the test exchanges; both hold the same first entries. */
  const exchanged = async (stack: AsyncDisposableStack, same: number, taken: number, otherwise: number) => {
    const fell = (instance: string) =>
      encodeEvent({ version: 1, at: 1, by, change: { kind: 'fell-silent', instance } } as const)
    const [before, after] = [stack.use(await kind.open()), stack.use(await kind.open())]
    const first = Array.from({ length: same }, (_, index) =>
      encodeEvent({ version: 1, at: 1, by, change: registered(`crm-${index}`) }),
    )
    await before.append(first)
    await after.append(first)
    let now: Store = before
    const sharing = { onAppended: () => () => {} }
    const store = new Proxy(before, { get: (_, name) => (name === 'sharing' ? sharing : Reflect.get(now, name)) })
    const plane = stack.use(await loaded(store))
    await registerMany(plane.journal, taken - same, same)
    if (otherwise > same)
      await after.append(Array.from({ length: otherwise - same }, (_, index) => fell(`crm-${index}`)))
    return {
      plane,
      before,
      after,
      use: (other: Store) => {
        now = other
      },
    }
  }

  for (const { what, otherwise } of [
    { what: 'has gone further', otherwise: 12 },
    { what: 'is as far', otherwise: 8 },
  ]) {
    await t.test(`a store that went back and ${what} with other entries is never taken for the same one`, async (t) => {
      await using stack = new AsyncDisposableStack()
      const { plane, after, use } = await exchanged(stack, 5, 8, 5)
      const { journal, fleet } = plane
      const wentBack = () => /went back/.test(journal.status().failure?.message ?? '')
      use(after)
      await waitFor(wentBack, { what: 'noticing that it went back', withinMs: 20_000 })
      await after.append(
        Array.from({ length: otherwise - 5 }, () =>
          encodeEvent({ version: 1, at: 2, by, change: { kind: 'fell-silent', instance: 'crm-1' } }),
        ),
      )
      await waitFor(() => !wentBack(), { what: 'the next look', withinMs: 20_000 })
      const failure = { code: 'STORE_CORRUPT', message: /Revision 8 is another one than was acknowledged/ }
      t.match(journal.status(), { state: 'unavailable', failure })
      await t.rejects(journal.record(registered('crm-9'), { by }), failure)
      t.equal(fleet.revision, 8, 'nothing of it is applied')
      t.equal(await after.head(), otherwise, 'and nothing is added to it')
      t.equal(journal.status().state, 'unavailable')
    })
  }

  await t.test(
    'a store with other entries that nobody saw go back is noticed by who looks, or who records',
    async (t) => {
      await using stack = new AsyncDisposableStack()
      const { plane, after, use } = await exchanged(stack, 5, 8, 12)
      use(after)
      await t.rejects(plane.journal.record(registered('crm-9'), { by }), { message: /Revision 8 is another one/ })
      t.equal(plane.fleet.revision, 8)
    },
  )

  await t.test('a store that is what it was, after having been another one, is taken again', async (t) => {
    await using stack = new AsyncDisposableStack()
    const { plane, before, after, use } = await exchanged(stack, 5, 8, 5)
    const { journal } = plane
    use(after)
    await waitFor(() => journal.status().failure, { what: 'noticing it', withinMs: 20_000 })
    use(before)
    await waitFor(() => journal.status().state === 'ready', { what: 'going on', withinMs: 20_000 })
    t.equal(await journal.record(registered('crm-9'), { by }), 'changed')
  })

  await t.test('whoever begins with a snapshot follows others, whether its last entry is kept or not', async (t) => {
    for (const dropped of [false, true]) {
      await using store = await kind.open()
      {
        await using plane = await loaded(store)
        await registerMany(plane.journal, 5)
        await plane.journal.compact()
      }
      if (dropped) await store.dropEntries(5, 100)
      await using plane = await loaded(store)
      await store.append([encodeEvent({ version: 1, at: 1, by, change: { kind: 'fell-silent', instance: 'crm-1' } })])
      t.equal(await plane.journal.record(registered('crm-9'), { by }), 'changed')
      t.equal(plane.fleet.revision, 7)
    }
  })

  await t.test('the event of an entry is the one that a restart reads', async (t) => {
    await using store = await kind.open()
    await using plane = await loaded(store)
    const { journal } = plane
    const entries: JournalEntry[] = []
    journal.follow((some) => entries.push(...some))
    await journal.record(registered('crm-1'), { by, seen: 0 })
    await journal.record({ kind: 'frozen', reason: '' }, { by })
    t.strictSame(await journal.read(0, 10), entries)
  })
}
