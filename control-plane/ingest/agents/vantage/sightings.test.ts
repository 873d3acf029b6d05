import t from 'tap'
import { Sightings } from './sightings.ts'
import { planeId, type Vantage } from './vantage.ts'

const plane: Vantage = { id: planeId, machine: 'mp', site: 'alibaba' }
const near: Vantage = { id: 'n-near', machine: 'm2', site: 'tencent' }

t.test('a sighting counts for its time, for what was seen, and until sight is lost', async (t) => {
  const sightings = new Sightings()
  sightings.saw('a', 'old', near, 0)
  sightings.saw('a', 'here', plane, 0)
  t.strictSame(sightings.of('a', 'here', 1_000, 1_000), [plane])
  t.strictSame(sightings.of('a', 'here', 1_001, 1_000), [])
  sightings.saw('a', 'here', plane, 5_000)
  sightings.lostSight('a', planeId, 4_999)
  t.strictSame(sightings.of('a', 'here', 5_000, 1_000), [plane], 'it was seen again since')
  sightings.lostSight('a', planeId, 5_001)
  t.strictSame(sightings.of('a', 'here', 5_000, 1_000), [])
  sightings.saw('a', 'here', plane, 5_000)
  sightings.forget('a')
  t.strictSame(sightings.of('a', 'here', 5_000, 1_000), [])
})

t.test('sightings survive a restart, and grow old meanwhile', async (t) => {
  const before = new Sightings()
  before.saw('a', 'here', plane, 1_000)
  before.saw('b', 'here', plane, 0)
  const stored = before.stored(5_000, 1_000_000, 4_500)
  t.strictSame(stored, [{ instance: 'a', target: 'here', vantage: plane, at: 996_000 }])
  const after = new Sightings()
  after.restore(stored, 100, 1_003_000)
  t.strictSame(after.of('a', 'here', 100, 7_000), [plane])
  t.strictSame(after.of('a', 'here', 101, 7_000), [])
  after.saw('a', 'here', plane, 200)
  after.restore(stored, 200, 1_003_000)
  t.strictSame(after.of('a', 'here', 7_200, 7_000), [plane])
})

t.test('what was seen of an instance that is not there is forgotten, unless somebody saw it just now', async (t) => {
  const sightings = new Sightings()
  sightings.saw('known', 'here', plane, 0)
  sightings.saw('gone', 'here', plane, 0)
  sightings.saw('new', 'here', plane, 0)
  sightings.saw('new', 'here', near, 500)
  sightings.forgetUnknown((id) => id === 'known', 500)
  const left = (id: string) => sightings.of(id, 'here', 500, 1_000).map((vantage) => vantage.id)
  t.strictSame([left('known'), left('gone'), left('new')], [[planeId], [], [near.id, planeId]])
  t.equal(sightings.stored(500, 0, 1_000).length, 3)
})

t.test('who saw it last comes first, and of many only the last are kept', async (t) => {
  const sightings = new Sightings()
  for (let at = 0; at < 100; at += 1) sightings.saw('a', 'here', { ...near, id: `n-${at}` }, at)
  sightings.saw('a', 'here', { ...near, id: 'n-90' }, 100)
  const ids = sightings.of('a', 'here', 100, 1_000).map(({ id }) => id)
  t.strictSame(ids.slice(0, 3), ['n-90', 'n-99', 'n-98'])
  t.equal(ids.length, 16)
})
