import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { openTables } from '#control-plane/journal/tables/open-tables.ts'
import { Failure } from '#shared/failure/failure.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger } from '#shared/logging/logger.ts'

// A process that registers instances without end, to be killed. Each id is noted in a file only after it was acknowledged; such a note
// survives the process. Its health goes to standard output whenever it changes.
//
// node journal-writer.ts <database> <notes> <recorders>

const [path = '', notes = '', recorders = '1'] = process.argv.slice(2)
const day = 24 * 3_600_000
const signal = stopSignal()
const log = createLogger({ name: 'writer', level: 'silent' })
const fleet = new Fleet()
const file = openSync(notes, 'a')

await using store = await openStore({ path })
const settings = { queue: 10_000, snapshot_every: 300, snapshot_within: day, retention: 0 }
await using journal = await openJournal({ store, fleet, config: settings, log, signal })
await journal.load()
const config = { tables_within: 20, metrics: { retention: day, most_rows: 1_000 } }
await using _tables = await openTables({ store, fleet, config, log, signal })

let health = ''
function tell(): void {
  const { state, failure } = journal.status()
  const now = failure ? `${state} ${failure.code} retryable=${failure.retryable}` : state
  if (now !== health) console.log(now)
  health = now
}

let count = fleet.revision
async function recordOn(): Promise<void> {
  while (!signal.aborted) {
    count += 1
    const id = `crm-${count}`
    try {
      await journal.record(registered(id), { by: 'plane:writer' })
      writeSync(file, `${id}\n`)
    } catch (error) {
      if (!(error instanceof Failure) || !error.retryable) throw error
      await pause(20)
    }
    tell()
  }
}

function registered(id: string): Change {
  const metadata = { note: 'x'.repeat(count % 400) }
  const spec = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata, checks: [] }
  return { kind: 'registered', instance: id, spec, node: 'n-aaaaaaaaaaaa', origin: 'agent' }
}

await Promise.all(Array.from({ length: Number(recorders) }, recordOn))
closeSync(file)
