import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { waitFor } from '../wait.ts'

// Plays what happens to a journal on a disk that fills up and becomes read-only; one line of JSON says what was seen. To be run as root
// in a mount namespace of its own: `unshare --mount node journal-small-disk.ts <empty folder>`.

const [folder = ''] = process.argv.slice(2)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
const day = 24 * 3_600_000
const log = createLogger({ name: 'small-disk', level: 'silent' })
const { signal } = new AbortController()
const fleet = new Fleet()
const store = await openStore({ path: `${folder}/heddle.db` })
const config = { queue: 100, snapshot_every: 1_000_000, snapshot_within: day, retention: day }
const journal = await openJournal({ store, fleet, config, log, signal })
await journal.load()

let count = 0
/** Registers one more; answers with why that was refused. */
async function record(): Promise<
  { readonly code: string; readonly retryable: boolean; readonly why: string } | undefined
> {
  const id = `crm-${count}`
  const metadata = { pad: 'x'.repeat(10_000) }
  const spec = { id, service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata, checks: [] }
  const change: Change = { kind: 'registered', instance: id, spec, node: 'n-aaaaaaaaaaaa', origin: 'agent' }
  try {
    await journal.record(change, { by: 'plane:small' })
    count += 1
    return undefined
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { code: error.code, retryable: error.retryable, why: explainError(error) }
  }
}

async function see() {
  const { state } = journal.status()
  return { state, believed: fleet.instances.size, acknowledged: count, read: (await journal.read(0, 10_000)).length }
}

const recovered = () => waitFor(() => journal.status().state === 'ready', { what: 'recovery', withinMs: 20_000 })

await record()
writeFileSync(`${folder}/filler`, Buffer.alloc(2_500_000))
const full = await waitFor(record, { what: 'a full disk', withinMs: 20_000, everyMs: 0 })
const whileFull = await see()
rmSync(`${folder}/filler`)
await recovered()
const afterFull = { refused: await record(), ...(await see()) }

await journal[Symbol.asyncDispose]()
await store[Symbol.asyncDispose]()

/** A plane that starts here: what it believes, and what becomes of a change. */
async function start() {
  const believed = new Fleet()
  await using again = await openStore({ path: `${folder}/heddle.db` })
  await using loaded = await openJournal({ store: again, fleet: believed, config, log, signal })
  await loaded.load()
  const change = { kind: 'frozen', reason: 'x'.repeat(10_000) } as const
  const outcome = await loaded.record(change, { by: 'operator:small' }).catch(({ code }: Failure) => code)
  return { believed: believed.instances.size, outcome }
}

fillUp()
const startedFull = await start()
execFileSync('mount', ['-o', 'remount,ro', folder])
const startedReadOnly = await start().catch((error: unknown) =>
  error instanceof Failure ? { code: error.code, why: explainError(error) } : String(error),
)
console.log(JSON.stringify({ full, whileFull, afterFull, startedFull, startedReadOnly }))

/** Takes the last byte of the disk. */
function fillUp(): void {
  for (const size of [1_000_000, 100_000, 4_096]) {
    try {
      for (let index = 0; index < 1_000; index += 1)
        writeFileSync(`${folder}/fill-${size}-${index}`, Buffer.alloc(size))
    } catch {
      // No room for one more of this size.
    }
  }
}
