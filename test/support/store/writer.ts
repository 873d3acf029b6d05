import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { LeadershipKeeper } from '#control-plane/leadership/keep-leadership.ts'
import { leadOf } from '#control-plane/leadership/lead.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger } from '#shared/logging/logger.ts'

// A process that registers instances without end while it leads. Each id is noted in a file only after it was acknowledged. What it is
// told of its leadership goes to standard output.
//
// node writer.ts <settings of the store, JSON> <notes> <name> <once | always: whether it records without leading>

const [settings = '', notes = '', name = '', when = 'once'] = process.argv.slice(2)
const day = 24 * 3_600_000
const signal = stopSignal()
const log = createLogger({ name, level: 'silent' })
const fleet = new Fleet()
const file = openSync(notes, 'a')

await using store = await openStore(JSON.parse(settings))
await using keeper = new LeadershipKeeper({ row: store, run: name, holder: name, log })
keeper.onChange(({ term, leader }) => {
  console.log(term ? `leads ${term.epoch}` : `follows ${leader?.holder}`)
})
const leading = when === 'always' ? {} : { lead: leadOf(keeper) }
const config = { queue: 10_000, snapshot_every: 1_000_000, snapshot_within: day, retention: day }
await using journal = await openJournal({ store, fleet, config, log, signal, ...leading })
await journal.load()
console.log('loaded')

for (let count = 1; !signal.aborted; count += 1) {
  const id = `${name}-${process.pid}-${count}`
  const spec = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }
  const change = { kind: 'registered', instance: id, spec, node: 'n-aaaaaaaaaaaa', origin: 'agent' } as const
  try {
    await journal.record(change, { by: name, leading: when !== 'always' })
    writeSync(file, `${id}\n`)
    await pause(5)
  } catch {
    await pause(50)
  }
}
closeSync(file)
