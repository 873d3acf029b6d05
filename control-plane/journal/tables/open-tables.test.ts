import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { sqlite } from '#test/support/store/kinds.ts'
import {
  by,
  fleetOf,
  hour,
  opened,
  registered,
  sample,
  spec,
  start,
  tablesSuite,
} from '#test/support/store/tables-suite.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change } from '../../fleet/event.ts'
import { openStore } from '../open-store.ts'

await tablesSuite(t, sqlite)

t.test('what could not be written follows when there is room again', async (t) => {
  await using folder = await temporaryFolder('tables')
  await using store = await openStore({ path: `${folder.path}/heddle.db`, max_megabytes: 1 })
  const { fleet } = fleetOf()
  await using behind = await opened(store, fleet)
  await behind.tables.write()
  let part = 0
  const fill = () =>
    store.saveSnapshotPart(1, part++, 'x'.repeat(20_000)).then(
      () => false,
      () => true,
    )
  await waitFor(fill, { what: 'the store to be full', withinMs: 10_000, everyMs: 0 })
  const large = (id: string): Change =>
    ({ ...registered(id), spec: { ...spec, id, metadata: { pad: 'x'.repeat(20_000) } } }) as Change
  const { take } = {
    take: (change: Change) =>
      fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: start, by, change } }]),
  }
  take(large('crm-1'))
  take(large('crm-2'))
  behind.tables.saveMetrics([{ ...sample, value: 1, at: start - hour }])
  await t.rejects(behind.tables.write(), { code: 'STORE_UNAVAILABLE' })
  t.equal(behind.tables.status().revision, 0)
  await store.dropParts(1_000)
  await behind.tables.write()
  t.equal(behind.tables.status().revision, 2)
  t.strictSame(await store.serviceIds('', 10), ['crm-1', 'crm-2'])
})
