import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Test } from 'tap'
import type { JournalEntry } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { FleetState } from '#control-plane/fleet/state.ts'
import { saveSnapshot } from '#control-plane/journal/compact.ts'
import { replay } from '#control-plane/journal/replay.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { encodeEvent } from '#control-plane/journal/stored-event.ts'
import { anyJournal } from '../arbitraries/journals.ts'
import { logLines } from './journal.ts'
import type { StoreKind } from './kinds.ts'

const { log, lines } = logLines()
const never = new AbortController().signal

function reduced(entries: readonly JournalEntry[]): FleetState {
  const fleet = new Fleet()
  fleet.apply(entries)
  return fleet.state()
}

async function replayed(store: Store, until: number, batch = 500) {
  const fleet = new Fleet()
  const facts = await replay(store, fleet, { log, until, batch })
  return { state: fleet.state(), ...facts }
}

/** The entries cut into pieces at these places. */
function pieces<T>(items: readonly T[], cuts: readonly number[]): readonly (readonly T[])[] {
  const places = [0, ...cuts.map((cut) => cut % (items.length + 1)).sort((a, b) => a - b), items.length]
  return places
    .slice(1)
    .map((end, index) => items.slice(places[index], end))
    .filter((piece) => piece.length > 0)
}

/** What a replay promises, whatever is replayed from. */
export async function replaySuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('a snapshot and the tail, stored and in any batches, give what the whole journal gives', async (t) => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 })
    const snapshotAfter = fc.array(fc.boolean(), { minLength: 10, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(
        anyJournal(),
        cuts,
        snapshotAfter,
        fc.integer({ min: 1, max: 20 }),
        fc.nat(60),
        async (entries, cuts, snapshotAfter, batch, past) => {
          await using store = await kind.open()
          const live = new Fleet()
          for (const [index, piece] of pieces(entries, cuts).entries()) {
            await store.append(piece.map(({ event }) => encodeEvent(event)))
            live.apply(piece)
            if (snapshotAfter[index]) await saveSnapshot(store, live.state(), index, never)
          }
          const until = Math.min(past, entries.length)
          return (
            isDeepStrictEqual((await replayed(store, entries.length, batch)).state, reduced(entries)) &&
            isDeepStrictEqual((await replayed(store, until, batch)).state, reduced(entries.slice(0, until)))
          )
        },
      ),
      { numRuns: kind.tries(60) },
    )
    t.pass()
  })

  /** Twenty entries with snapshots after the tenth and the fifteenth. */
  async function stored() {
    const store = await kind.open()
    const [entries = []] = fc.sample(
      anyJournal().filter(({ length }) => length >= 20),
      { numRuns: 1, seed: 3 },
    )
    const first = entries.slice(0, 20)
    await store.append(first.map(({ event }) => encodeEvent(event)))
    for (const revision of [10, 15]) await saveSnapshot(store, reduced(first.slice(0, revision)), 0, never)
    return { store, entries: first }
  }

  await t.test('only what came after the newest snapshot is reduced', async (t) => {
    const { store, entries } = await stored()
    t.match(await replayed(store, 20), { snapshot: { revision: 15 }, entries: 5, state: reduced(entries) })
    t.match(await replayed(store, 12), { snapshot: { revision: 10 }, entries: 2 })
    await store[Symbol.asyncDispose]()
  })

  await t.test('an unreadable snapshot is passed over for an older one', async (t) => {
    const { store, entries } = await stored()
    await store.dropSnapshot(15)
    await store.dropParts(100)
    await store.saveSnapshotPart(15, 0, '{"kind":"installation"')
    await store.finishSnapshot({ revision: 15, at: 0, version: 1, parts: 1 })
    t.match(await replayed(store, 20), { snapshot: { revision: 10 }, state: reduced(entries) })
    t.match(lines.at(-1), { level: 'warn', msg: /an older one is used/ })
    await store[Symbol.asyncDispose]()
  })

  await t.test('a snapshot counts only with all its parts', async (t) => {
    await using store = await kind.open()
    await store.saveSnapshotPart(3, 0, '{}')
    await t.rejects(store.finishSnapshot({ revision: 3, at: 0, version: 1, parts: 2 }), /1 of its 2 parts/)
    t.strictSame(await store.snapshots(), [])
  })

  await t.test('a snapshot of a newer version is not passed over', async (t) => {
    const { store } = await stored()
    await store.finishSnapshot({ revision: 18, at: 0, version: 2, parts: 0 })
    await t.rejects(replayed(store, 20), { code: 'STORE_TOO_NEW' })
    await store[Symbol.asyncDispose]()
  })

  await t.test('a gap is never reduced over', async (t) => {
    const { store } = await stored()
    await t.rejects(replayed(store, 25), { code: 'STORE_CORRUPT', message: /ends at revision 20; 25 was expected/ })
    await store.dropEntries(17, 100)
    await t.rejects(replayed(store, 20), { code: 'STORE_CORRUPT', message: /no revision 16/ })
    await store[Symbol.asyncDispose]()
  })
}
