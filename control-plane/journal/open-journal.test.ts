import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { by, journalSuite, loaded, registered, spec } from '#test/support/store/journal-suite.ts'
import { sqlite } from '#test/support/store/kinds.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change } from '../fleet/event.ts'
import { openStore } from './open-store.ts'

await journalSuite(t, sqlite)

t.test('a full store refuses what it cannot keep, serves what it has, and goes on by itself', async (t) => {
  await using folder = await temporaryFolder('journal')
  await using store = await openStore({ path: `${folder.path}/heddle.db`, max_megabytes: 1 })
  await using plane = await loaded(store)
  const { journal, fleet, lines } = plane
  const padding = { ...spec, metadata: { pad: 'x'.repeat(30_000) } }
  const large = (id: string): Change => ({ ...registered(id), spec: { ...padding, id } }) as Change

  const acknowledged: string[] = []
  const fill = async () => {
    const id = `crm-${acknowledged.length}`
    await journal.record(large(id), { by })
    acknowledged.push(id)
  }
  const failure = await waitFor(() => fill().catch((error: unknown) => error), {
    what: 'the store to be full',
    withinMs: 20_000,
    everyMs: 0,
  })
  t.match(failure, { code: 'STORE_UNAVAILABLE', retryable: true, remedy: /Make room/ })
  t.match(journal.status(), { state: 'unavailable', failure: { code: 'STORE_UNAVAILABLE' }, since: Number })
  t.strictSame([...fleet.instances.keys()], acknowledged, 'nothing is believed that was not acknowledged')
  t.equal((await journal.read(0, 1_000)).length, acknowledged.length, 'what is known is served')
  t.equal(lines.filter(({ level }) => level === 'error').length, 1, 'said once')

  await store.dropEntries(5, 100)
  await waitFor(() => journal.status().state === 'ready', { what: 'the journal to recover', withinMs: 10_000 })
  t.match(lines.at(-1), { level: 'info', msg: /again/ })
  t.equal(await journal.record(registered('crm-new'), { by }), 'changed')
})
