import { writeFile } from 'node:fs/promises'
import t from 'tap'
import type { ImportedTable } from '#shared/protocol/registry-import.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { importRegistry, type SendRows } from './import-registry.ts'

const services = Array.from({ length: 2_500 }, (_, index) => ({ service_id: `s-${index}`, service_url: 'http://a' }))

async function importing(content: object, send: SendRows, stop = new AbortController().signal) {
  await using folder = await temporaryFolder('import')
  const file = `${folder.path}/registry.json`
  await writeFile(file, JSON.stringify(content))
  const how = { dialect: undefined, table: undefined, zoneMinutes: 0, dryRun: false, overwrite: false, stop }
  return await importRegistry({ ...how, file, send, onNotTaken: () => {}, onProgress: () => {} })
}

t.test('rows are sent in batches of at most a thousand, those that others name first', async (t) => {
  const sent: (readonly [ImportedTable, number])[] = []
  const nodes = [{ node_id: 'n', host_address: '10.0.0.1' }]
  const report = await importing({ services, nodes }, async (table, rows) => {
    sent.push([table, rows.length])
    return rows.map((_, index) => ({ index, outcome: 'taken' }))
  })
  t.strictSame(sent, [
    ['cluster_nodes', 1],
    ['service_registry', 1_000],
    ['service_registry', 1_000],
    ['service_registry', 500],
  ])
  t.match(report.tables, [
    { table: 'cluster_nodes', taken: 1 },
    { table: 'service_registry', read: 2_500, taken: 2_500 },
  ])
})

t.test('an import that breaks off says how far it came', async (t) => {
  let calls = 0
  const send: SendRows = async (_table, rows) => {
    calls += 1
    if (calls > 1) throw new Error('the plane is gone')
    return rows.map((_, index) => ({ index, outcome: 'taken' }))
  }
  await t.rejects(importing({ services }, send), { code: 'IMPORT_INTERRUPTED', message: /1000 rows were taken.*gone/ })
  await t.rejects(importing({ services }, send), { message: 'the plane is gone' })
  const stop = AbortSignal.abort(new Error('told to end'))
  await t.rejects(importing({ services }, send, stop), { message: 'told to end' })
})
