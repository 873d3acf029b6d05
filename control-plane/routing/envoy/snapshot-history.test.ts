import t from 'tap'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { SnapshotBuilder } from './snapshot.ts'
import { SnapshotHistory } from './snapshot-history.ts'

await t.test('published snapshots are found by their hash, the newest last, and no more than sixteen', async (t) => {
  const builder = new SnapshotBuilder(loadEnvoyDefinitions())
  const snapshots = Array.from({ length: 20 }, (_, port) => builder.build(table([service('a', [endpoint(port + 1)])])))
  const history = new SnapshotHistory()
  snapshots.forEach((snapshot, index) => {
    history.add(snapshot, index)
  })
  t.strictSame(
    history.of('edge').map(({ revision }) => revision),
    Array.from({ length: 16 }, (_, index) => index + 4),
  )
  t.equal(history.get('edge', snapshots[5]?.version ?? '')?.snapshot, snapshots[5])
  t.equal(history.get('edge', snapshots[3]?.version ?? ''), undefined)
  t.equal(history.get('side', snapshots[5]?.version ?? ''), undefined)
  if (snapshots[4]) history.add(snapshots[4], 99)
  t.strictSame(
    history.of('edge').at(-1),
    { snapshot: snapshots[4], revision: 4 },
    'what comes back is the newest again',
  )
  t.strictSame(history.of('side'), [])
})
