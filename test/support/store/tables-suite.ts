import type { Test } from 'tap'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { JournalConfig } from '#control-plane/journal/config.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import type { Leading, Store } from '#control-plane/journal/store.ts'
import { openTables } from '#control-plane/journal/tables/open-tables.ts'
import { waitFor } from '../wait.ts'
import { logLines } from './journal.ts'
import type { StoreKind } from './kinds.ts'

export const hour = 3_600_000
export const start = Date.parse('2026-03-01T12:00:00.000Z')
export const by = 'plane:r1'
const nodeId = 'n-aaaaaaaaaaaa'
const node = {
  id: nodeId,
  name: '节点一',
  machine: 'm1',
  incarnation: 1,
  address: '10.0.0.1',
  site: 'tencent',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [],
}
export const spec = { id: '', service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }

export function registered(id: string): Change {
  return { kind: 'registered', instance: id, spec: { ...spec, id }, node: nodeId, origin: 'agent' }
}

export function fleetOf(...changes: readonly Change[]) {
  const fleet = new Fleet()
  const take = (...more: readonly Change[]) =>
    fleet.apply(
      more.map((change, index) => ({
        revision: fleet.revision + 1 + index,
        event: { version: 1 as const, at: start, by, change },
      })),
    )
  take(...changes)
  return { fleet, take }
}

type Metrics = JournalConfig['metrics']

/** Tables that write when told, and at the end. */
export async function opened(
  store: Store,
  fleet: Fleet,
  now = () => start,
  metrics: Partial<Metrics> = {},
  lead?: Leading,
) {
  const { log, lines } = logLines()
  const config = { tables_within: hour, metrics: { retention: 24 * hour, most_rows: 1_000, ...metrics } }
  const parts = { store, fleet, config, log, signal: new AbortController().signal, now }
  const tables = await openTables({ ...parts, ...(lead ? { lead } : {}) })
  return { tables, lines, [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose]() }
}

/** A store, and a look into it as a reporting tool has it: numbers of 64 bits as numbers. */
async function storeWithReader(kind: StoreKind) {
  const place = await kind.place()
  const store = await openStore(place.settings)
  return {
    store,
    query: async (text: string) =>
      (await place.query(text)).map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            /^(revision|count)$/.test(name) && typeof value === 'string' ? Number(value) : value,
          ]),
        ),
      ),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

export const sample = { node: nodeId, instance: 'crm-1', name: 'cpu_usage', unit: 'percent' } as const

/** What the tables promise, whatever they lie in. */
export async function tablesSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('the tables show the fleet and follow it, with the revision that they show', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet, take } = fleetOf({ kind: 'node-joined', node }, registered('crm-1'), registered('crm-2'))
    await using behind = await opened(kept.store, fleet)
    await behind.tables.write()
    const services = 'select service_id, status, health_status from service_registry order by service_id'
    t.strictSame(await kept.query(services), [
      { service_id: 'crm-1', status: 'registered', health_status: 'unknown' },
      { service_id: 'crm-2', status: 'registered', health_status: 'unknown' },
    ])
    t.match(await kept.query('select * from cluster_nodes'), [
      { node_id: nodeId, node_name: '节点一', status: 'active', contact: 'connected' },
    ])
    t.strictSame(await kept.query('select revision from table_cursor'), [{ revision: 3 }])

    take(
      { kind: 'judged', instance: 'crm-1', health: 'passing', reason: { code: 'ok' } },
      { kind: 'deregistered', instance: 'crm-2', cause: 'operator' },
    )
    await behind.tables.write()
    t.strictSame(await kept.query(services), [{ service_id: 'crm-1', status: 'active', health_status: 'healthy' }])
    t.match(behind.tables.status(), { revision: 5 })

    take({ kind: 'node-left', node: nodeId })
    await behind.tables.write()
    t.strictSame(await kept.query('select * from cluster_nodes'), [])
  })

  await t.test('a node is in maintenance as soon as all that is on it is', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet, take } = fleetOf({ kind: 'node-joined', node }, registered('crm-1'))
    await using behind = await opened(kept.store, fleet)
    await behind.tables.write()
    take({ kind: 'admitted', instance: 'crm-1', admission: 'maintenance', reason: '', expiresAt: undefined })
    await behind.tables.write()
    t.strictSame(await kept.query('select status from cluster_nodes'), [{ status: 'maintenance' }])
  })

  await t.test(
    'of planes that share a store the one that leads writes, and the next one goes on where it stopped',
    async (t) => {
      await using kept = await storeWithReader(kind)
      const { store } = kept
      const written: string[] = []
      const plane = async (name: string) => {
        const { fleet, take } = fleetOf({ kind: 'node-joined', node })
        const noting = {
          ...store,
          writeTables: (...args: Parameters<Store['writeTables']>) => {
            written.push(...args[0].services.map(({ service_id }) => `${name} ${service_id}`))
            return store.writeTables(...args)
          },
        }
        const lead = { leads: () => leader === name, term: () => undefined }
        const behind = await opened(noting, fleet, undefined, undefined, lead)
        return { take, tables: behind.tables, [Symbol.asyncDispose]: behind[Symbol.asyncDispose] }
      }
      let leader = 'one'
      await using one = await plane('one')
      await using two = await plane('two')
      const both = async (...changes: readonly Change[]) => {
        for (const { take, tables } of [one, two]) {
          take(...changes)
          await tables.write()
        }
      }
      await both(registered('crm-1'))
      await both(registered('crm-2'), registered('crm-3'))
      t.strictSame(written, ['one crm-1', 'one crm-2', 'one crm-3'])
      leader = 'nobody'
      await both(registered('crm-4'))
      leader = 'two'
      await both(registered('crm-5'))
      t.strictSame(written.slice(3).sort(), ['two crm-4', 'two crm-5'])
      leader = 'one'
      await both({ kind: 'deregistered', instance: 'crm-1', cause: 'operator' })
      t.equal(written.length, 5)
      t.strictSame(await kept.query('select revision from table_cursor'), [{ revision: 7 }])
      t.strictSame(await store.serviceIds('', 10), ['crm-2', 'crm-3', 'crm-4', 'crm-5'])
    },
  )

  await t.test('a removal that is not journalled yet is not in the tables', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet } = fleetOf({ kind: 'node-joined', node }, registered('crm-1'), {
      kind: 'judged',
      instance: 'crm-1',
      health: 'passing',
      reason: { code: 'ok' },
    })
    await using behind = await opened(kept.store, fleet)
    fleet.publishRemoval('crm-1', { code: 'refused' })
    await behind.tables.write()
    t.strictSame(await kept.query('select status from service_registry'), [{ status: 'active' }])
  })

  await t.test('the tables are written by themselves', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet, take } = fleetOf()
    const { log } = logLines()
    const config = { tables_within: 10, metrics: { retention: hour, most_rows: 10 } }
    const { signal } = new AbortController()
    await using tables = await openTables({ store: kept.store, fleet, config, log, signal })
    take(registered('crm-1'))
    await waitFor(() => tables.status().revision === 1, { what: 'the tables', withinMs: 20_000 })
    t.strictSame(await kept.query('select service_id from service_registry'), [{ service_id: 'crm-1' }])
  })

  await t.test('what a crash kept from the tables is written at the next start, what is gone goes', async (t) => {
    await using kept = await storeWithReader(kind)
    const many = Array.from({ length: 250 }, (_, index) => registered(`crm-${index}`))
    const { fleet } = fleetOf({ kind: 'node-joined', node }, ...many)
    {
      await using behind = await opened(kept.store, fleet)
      await behind.tables.write()
    }
    t.match(await kept.query('select count(*) as count from service_registry'), [{ count: 250 }])

    const { fleet: later } = fleetOf({ kind: 'node-joined', node: { ...node, name: '二' } }, ...many.slice(2), {
      kind: 'judged',
      instance: 'crm-7',
      health: 'passing',
      reason: { code: 'ok' },
    })
    await using behind = await opened(kept.store, later)
    await behind.tables.write()
    t.match(await kept.query('select count(*) as count from service_registry'), [{ count: 248 }])
    t.match(await kept.query("select status from service_registry where service_id = 'crm-7'"), [{ status: 'active' }])
    t.match(await kept.query('select node_name from cluster_nodes'), [{ node_name: '二' }])
  })

  await t.test('events that change nothing move the cursor all the same', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet, take } = fleetOf({ kind: 'node-joined', node })
    await using behind = await opened(kept.store, fleet)
    await behind.tables.write()
    take({ kind: 'thawed', reason: '' })
    await behind.tables.write()
    t.equal(await kept.store.tableCursor(), 2)
  })

  await t.test('when something was last heard of is saved in bulk and survives changes', async (t) => {
    await using kept = await storeWithReader(kind)
    const many = Array.from({ length: 250 }, (_, index) => registered(`crm-${index}`))
    const { fleet, take } = fleetOf({ kind: 'node-joined', node }, ...many)
    await using behind = await opened(kept.store, fleet)
    await behind.tables.write()
    const heard = start + 5_000
    const beats = Array.from({ length: 250 }, (_, index) => [`crm-${index}`, heard + index] as const)
    await behind.tables.saveBeats([...beats, ['gone', heard]], [[nodeId, heard]])
    t.strictSame(await kept.query('select last_seen from cluster_nodes'), [{ last_seen: '2026-03-01T12:00:05.000Z' }])
    take({ kind: 'judged', instance: 'crm-249', health: 'passing', reason: { code: 'ok' } })
    await behind.tables.write()
    t.strictSame(await kept.query("select status, last_heartbeat from service_registry where service_id = 'crm-249'"), [
      { status: 'active', last_heartbeat: '2026-03-01T12:00:05.249Z' },
    ])
    const read = new Map<string, number>()
    await behind.tables.readBeats((saved) => {
      for (const [id, at] of saved) read.set(id, at)
    })
    t.equal(read.size, 250)
    t.equal(read.get('crm-249'), heard + 249)
  })

  await t.test('metrics become 1-minute rows once the minute is over', async (t) => {
    await using kept = await storeWithReader(kind)
    let now = start
    const { fleet } = fleetOf()
    await using behind = await opened(kept.store, fleet, () => now)
    behind.tables.saveMetrics([
      { ...sample, value: 10, at: start },
      { ...sample, value: 30, at: start + 15_000 },
      { ...sample, value: 20, at: start + 30_000 },
    ])
    await behind.tables.write()
    t.strictSame(await kept.query('select * from service_metrics'), [])
    now += 60_000
    await behind.tables.write()
    t.match(await kept.query('select * from service_metrics'), [
      {
        service_id: 'crm-1',
        node_id: nodeId,
        metric_name: 'cpu_usage',
        metric_value: 20,
        metric_unit: 'percent',
        tags: '{}',
        timestamp: '2026-03-01T12:00:00.000Z',
        metric_min: 10,
        metric_max: 30,
        metric_last: 20,
        samples: 3,
      },
    ])
  })

  await t.test('a minute that a restart cut in two is one row', async (t) => {
    await using kept = await storeWithReader(kind)
    const { fleet } = fleetOf()
    for (const values of [[10, 20], [60]]) {
      await using behind = await opened(kept.store, fleet)
      behind.tables.saveMetrics(values.map((value) => ({ ...sample, value, at: start })))
    }
    t.match(await kept.query('select * from service_metrics'), [
      { metric_value: 30, metric_min: 10, metric_max: 60, metric_last: 60, samples: 3 },
    ])
  })

  for (const { what, metrics, left } of [
    { what: 'older than the retention', metrics: { retention: 2 * hour }, left: [2, 1, 0] },
    { what: 'beyond the most that are kept', metrics: { most_rows: 2 }, left: [1, 0] },
  ]) {
    await t.test(`metrics ${what} are dropped`, async (t) => {
      await using kept = await storeWithReader(kind)
      const { fleet } = fleetOf()
      {
        await using behind = await opened(kept.store, fleet)
        behind.tables.saveMetrics([5, 4, 3, 2, 1, 0].map((age) => ({ ...sample, value: age, at: start - age * hour })))
      }
      await using _behind = await opened(kept.store, fleet, () => start, metrics)
      const values = async () =>
        (await kept.query('select metric_value from service_metrics order by id')).map((row) => row.metric_value)
      const until = (seen: readonly unknown[]) => seen.length === left.length
      t.strictSame(await waitFor(values, { what: 'the old metrics to go', withinMs: 20_000, until }), left)
    })
  }
}
