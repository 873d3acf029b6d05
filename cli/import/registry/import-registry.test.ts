import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import type { ImportedTable } from '#shared/protocol/registry-import.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { importRegistry, type SendRows } from './import-registry.ts'

const services = Array.from({ length: 2_500 }, (_, index) => ({ service_id: `s-${index}`, service_url: 'http://a' }))

async function importing(content: object | string, send: SendRows, stop = new AbortController().signal) {
  await using folder = await temporaryFolder('import')
  const file = `${folder.path}/registry.json`
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
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

t.test('what the plane failed at may be taken in part, and that is said', async (t) => {
  const send: SendRows = async () => {
    throw new Failure('PLANE_FAILED', 'the store is full', { retryable: true })
  }
  await t.rejects(importing({ services }, send), {
    code: 'IMPORT_INTERRUPTED',
    message: /0 rows were taken, and perhaps some of the next 1000: the store is full/,
  })
})

t.test('what is too much for one call goes in parts, and a row that is too much alone is refused', async (t) => {
  const sent: number[] = []
  const report = await importing({ services }, async (_table, rows) => {
    const tooLarge = rows.length > 400 || rows.some(({ service_id: id }) => id === 's-1203')
    if (tooLarge) return 'too-large'
    sent.push(rows.length)
    return rows.map((_, index) => ({ index, outcome: 'taken' }))
  })
  t.match(report.tables, [{ taken: 2_499, refused: 1 }])
  t.match(report.not_taken, [{ key: 's-1203', reason: /longer than the plane takes/, remedy: /most_batch_kib/ }])
  t.ok(sent.every((rows) => rows <= 400))
})

t.test('tables of an application beside the registry are listed and not taken', async (t) => {
  const sent: string[] = []
  const sql = `INSERT INTO cluster_configs (config_key, config_value) VALUES ('a', 'b');
INSERT INTO shop.users (user_id, username, role) VALUES ('c-1', 'a customer', 'admin');
INSERT INTO shop.items (name, port) VALUES ('Tawny', 10);
`
  const report = await importing(sql, async (table, rows) => {
    sent.push(table)
    return rows.map((_, index) => ({ index, outcome: 'taken' }))
  })
  t.strictSame(sent, ['cluster_configs'])
  t.match(report.tables, [
    { table: 'cluster_configs', taken: 1 },
    { table: 'users', read: 1, left_out: /none of the nine/ },
    { table: 'items', read: 1, left_out: /none of the nine/ },
  ])
})

t.test('what can be read only once is refused before anything is sent', async (t) => {
  const how = { dialect: undefined, table: undefined, zoneMinutes: 0, dryRun: false, overwrite: false }
  const { signal: stop } = new AbortController()
  const send: SendRows = async () => t.fail('something is sent') as never
  const all = { ...how, stop, file: '/dev/null', send, onNotTaken: () => {}, onProgress: () => {} }
  await t.rejects(importRegistry(all), { code: 'IMPORT_UNREADABLE', message: /no file/, remedy: /to a file first/ })
})
