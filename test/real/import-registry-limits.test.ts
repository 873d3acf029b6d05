import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { importInto, put } from '#test/support/import-into.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

await t.test('a plane that takes little at once is sent little at once', async (t) => {
  await using plane = await RunningPlane.start({ settings: { ingest: { clients: { most_batch_kib: 16 } } } })
  await using folder = await temporaryFolder('former')
  const config = (key: string, bytes: number) => ({ config_key: key, config_value: 'x'.repeat(bytes) })
  const configs = Array.from({ length: 40 }, (_, index) => config(`k-${index}`, 1_000))
  const file = await put(folder, 'configs.json', JSON.stringify({ configs: [...configs, config('long', 20_000)] }))
  const { code, figures, report } = await importInto(t, plane, file)
  t.equal(code, 1)
  t.strictSame(figures, { cluster_configs: [41, 40, 0, 0, 1] })
  t.match(report.not_taken, [{ key: 'long', reason: /longer than the plane takes/, remedy: /most_batch_kib/ }])
})
