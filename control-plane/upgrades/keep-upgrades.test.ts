import { mkdir, readdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { partsOf } from '#test/support/no-upgrades.ts'
import { waitFor } from '#test/support/wait.ts'
import { Fleet } from '../fleet/fleet.ts'
import { ReleaseFiles } from './keep-files.ts'
import { mostRollouts, Upgrades } from './keep-upgrades.ts'
import type { Rollout } from './state.ts'
import { storedRollout } from './store.ts'

const sha256 = 'ab'.repeat(32)
const rollout: Rollout = {
  ...{ id: 1, scope: 'site:a', version: '2.0.0', sha256, stages: ['1', '100%'], stage: 0, phase: 'running', since: 0 },
  ...{ pauseMs: 1_000, soakMs: 5_000, limitMs: 60_000, mostFailedPercent: 0, atOnce: 10, window: null, by: 'eve' },
  ...{ reason: '', nodes: {}, serial: 1, transitions: [] },
}
const signed = {
  ...{ format: 1, key: 'k', signature: 'a'.repeat(86) },
  manifest: { version: '2.0.0', sha256, not_before: '2020-01-01T00:00:00.000Z' },
}
const release = { version: '2.0.0', sha256, bytes: 5, signed: JSON.stringify(signed), author: 'eve', at: 0 }

t.test('a new leader answers from what the one before it has left, at once', async (t) => {
  let leads = false
  let stored = [rollout]
  const parts = partsOf(new Fleet(), [])
  const upgrades = await Upgrades.open({
    ...parts,
    leads: () => leads,
    store: { ...parts.store, rollouts: async () => stored.map((each) => storedRollout(each, 0)) },
  })
  stored = [{ ...rollout, id: 2, serial: 7 }, rollout]
  leads = true
  t.match(await upgrades.order(2, { action: 'pause', by: 'eve', why: '' }, 7), { kind: 'done' })
})

t.test(
  'one that is not over stays, however many are begun after it, and more than are kept are not begun',
  async (t) => {
    const parts = partsOf(new Fleet(), [{ ...rollout, phase: 'paused' }])
    await using folder = await temporaryFolder('releases')
    await writeFile(`${folder.path}/${sha256}`, '12345')
    const upgrades = await Upgrades.open({
      ...parts,
      files: new ReleaseFiles(folder.path),
      store: { ...parts.store, releases: async () => [release] },
    })
    const begin = (site: string) => upgrades.start({ ...rollout, scope: `site:${site}`, back: false })
    for (let id = 2; id < 2 + mostRollouts; id += 1) {
      t.match(await begin('b'), { kind: 'started', seen: { rollout: { id } } })
      await upgrades.order(id, { action: 'stop', by: 'eve', why: '' })
    }
    t.match(upgrades.find(1), { rollout: { phase: 'paused' } })
    t.match(await begin('a'), { kind: 'refused', code: 'ROLLOUT_UNDERWAY' })
    t.equal(upgrades.list().length, mostRollouts)
    for (let more = 1; more < mostRollouts; more += 1) t.match(await begin(`c${more}`), { kind: 'started' })
    t.match(await begin('d'), { kind: 'refused', code: 'ROLLOUT_UNDERWAY', why: /20 rollouts are not over/ })
  },
)

t.test('a plane that did not add it drops the file of a release that is no more', async (t) => {
  await using folder = await temporaryFolder('releases')
  const path = `${folder.path}/files`
  await mkdir(path)
  for (const name of [sha256, 'cd'.repeat(32), `${'ef'.repeat(32)}.part`]) await writeFile(`${path}/${name}`, '12345')
  const parts = partsOf(new Fleet(), [])
  const upgrades = await Upgrades.open({
    ...parts,
    leads: () => false,
    files: new ReleaseFiles(path),
    store: { ...parts.store, releases: async () => [release] },
  })
  const stop = new AbortController()
  const running = upgrades.run(stop.signal)
  await waitFor(() => readdir(path), { what: 'one file', withinMs: 10_000, until: (names) => names.length === 1 })
  t.strictSame(await readdir(path), [sha256])
  stop.abort()
  await running
})
