import { readFile } from 'node:fs/promises'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openJournal } from '#control-plane/journal/open-journal.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { openTables } from '#control-plane/journal/tables/open-tables.ts'
import { createLogger } from '#shared/logging/logger.ts'

/** What a plane that starts on this store believes, and what its tables say once they have caught up. */
export async function startOn(path: string): Promise<{ readonly fleet: Fleet; readonly rows: readonly string[] }> {
  const fleet = new Fleet()
  const log = createLogger({ name: 'test', level: 'silent' })
  const { signal } = new AbortController()
  const day = 24 * 3_600_000
  await using store = await openStore({ path })
  const settings = { queue: 10, snapshot_every: 1_000_000, snapshot_within: day, retention: day }
  await using journal = await openJournal({ store, fleet, config: settings, log, signal })
  await journal.load()
  const config = { tables_within: day, metrics: { retention: day, most_rows: 1 } }
  await using tables = await openTables({ store, fleet, config, log, signal })
  await tables.write()
  const rows: string[] = []
  for (let page = await store.serviceIds('', 1_000); page.length > 0; ) {
    rows.push(...page)
    page = await store.serviceIds(rows.at(-1) ?? '', 1_000)
  }
  return { fleet, rows }
}

/** The ids that a journal-writer noted as acknowledged. The last line may be cut off. */
export async function acknowledgedIds(notes: string): Promise<readonly string[]> {
  const text = await readFile(notes, 'utf8').catch(() => '')
  return text.split('\n').slice(0, -1)
}
