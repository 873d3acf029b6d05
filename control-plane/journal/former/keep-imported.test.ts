import t from 'tap'
import type { KeptRow } from '#shared/protocol/registry-import.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { keepImported } from './keep-imported.ts'

const how = { overwrite: false, dryRun: false }
const timestamp = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 60_000).toISOString()

function measured(value: number, tags: object = {}): KeptRow<'service_metrics'> {
  const row = {
    service_id: 'crm-1',
    metric_name: 'cpu',
    metric_value: value,
    metric_unit: 'percent',
    timestamp,
  } as const
  return { ...row, tags: { ...tags } }
}

t.test('another value of one moment is kept back with its reason, the same one is there', async (t) => {
  await using store = await memoryStore()
  const keep = keepImported(store, { retention: 3_600_000 })
  const rows = [measured(1), measured(99), measured(1, { core: 1 }), measured(1)]
  const ends = [{ outcome: 'taken' }, { outcome: 'kept' }, { outcome: 'kept' }, { outcome: 'there' }]
  t.match(await keep('service_metrics', rows, { ...how, dryRun: true }), ends)
  t.match(await keep('service_metrics', rows, how), ends)
  t.match(await keep('service_metrics', rows, { ...how, overwrite: true }), [
    { outcome: 'there' },
    { outcome: 'kept', reason: /another value of this moment/, remedy: /take the other out/ },
    { outcome: 'kept' },
    { outcome: 'there' },
  ])
})

t.test('a dry run knows a double however many rows lie between', async (t) => {
  await using store = await memoryStore()
  const keep = keepImported(store, { retention: 3_600_000 })
  const config = (key: string, value: string): KeptRow<'cluster_configs'> => ({
    ...{ config_key: key, config_value: value, config_type: 'system', description: '', is_encrypted: false },
  })
  const between = Array.from({ length: 400 }, (_, index) => config(`k-${index}`, 'v'))
  const rows = [config('a', '1'), ...between, config('a', '1'), config('a', '2')]
  for (const dryRun of [true, false]) {
    const ends = await keep('cluster_configs', rows, { ...how, dryRun })
    t.match(ends.slice(-2), [{ outcome: 'there' }, { outcome: 'kept' }])
    t.equal(ends.filter(({ outcome }) => outcome === 'taken').length, 401)
  }
})
