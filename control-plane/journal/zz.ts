import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { anyEvent } from '#test/support/arbitraries.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { logLines, memoryStore } from '#test/support/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change, JournalEntry } from '../fleet/event.ts'
import { Fleet } from '../fleet/fleet.ts'
import { type Journal, type JournalSettings, openJournal } from './open-journal.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import { encodeEvent } from './stored-event.ts'

const day = 24 * 3_600_000
const defaults: JournalSettings = { queue: 1_000, snapshot_every: 100_000, snapshot_within: day, retention: 30 * day }

/** A loaded journal over a store, with the fleet that it leads to. */
async function loaded(store: Store, settings: Partial<JournalSettings> = {}, now?: () => number) {
  const fleet = new Fleet()
  const { log, lines } = logLines()
  const { signal } = new AbortController()
  const clock = now === undefined ? {} : { now }
  const journal = await openJournal({ store, fleet, config: { ...defaults, ...settings }, log, signal, ...clock })
  const replayed = await journal.load()
  return { journal, fleet, lines, replayed, [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose]() }
}

const by = 'plane:r1'
const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }

function registered(id: string): Change {
  return { kind: 'registered', instance: id, spec: { ...spec, id }, node: 'n-aaaaaaaaaaaa', origin: 'agent' }
}

/** Registers so many instances, all at once. */
function registerMany(journal: Journal, count: number, from = 0) {
  return Promise.all(
    Array.from({ length: count }, (_, index) => journal.record(registered(`crm-${from + index}`), { by })),
  )
}


async function main() {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyEvent, { maxLength: 8 }), { maxLength: 8 }), async (ticks) => {
      await using store = await memoryStore()
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
    { numRuns: 6000, endOnFailure: true, interruptAfterTimeLimit: 300000 },
  )
}


await main()
console.log('done')
