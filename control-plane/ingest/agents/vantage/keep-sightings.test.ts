import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { keepSightings, restoreSightings } from './keep-sightings.ts'
import { Sightings } from './sightings.ts'

const vantage = { id: 'plane', machine: 'm1', site: 'alibaba' }

t.test('who has seen what outlives a restart', async (t) => {
  await using folder = await temporaryFolder('sightings')
  const path = join(folder.path, 'sightings.json')
  const before = new Sightings()
  before.saw('crm-1', 'target', vantage, performance.now())
  before.saw('old-1', 'target', vantage, performance.now() - 120_000)
  await keepSightings(path, before, 60_000)
  const after = new Sightings()
  await restoreSightings(path, after)
  t.strictSame(after.of('crm-1', 'target', performance.now(), 60_000), [vantage])
  t.strictSame(after.of('old-1', 'target', performance.now(), 600_000), [])
})

t.test('a file that is missing or broken is no failure', async (t) => {
  await using folder = await temporaryFolder('sightings')
  const path = join(folder.path, 'sightings.json')
  const sightings = new Sightings()
  await restoreSightings(path, sightings)
  for (const text of ['', '{', '[{"instance":1}]', 'null']) {
    await writeFile(path, text)
    await restoreSightings(path, sightings)
  }
  t.strictSame(sightings.stored(0, 0, 1_000), [])
})
