import fc from 'fast-check'
import t from 'tap'
import { PlaneList } from './plane-list.ts'

const planes = fc.uniqueArray(fc.webUrl(), { minLength: 1, maxLength: 6 })
const node = fc.stringMatching(/^n-[a-z2-7]{12}$/)
const nodes = Array.from({ length: 3_000 }, (_, n) => `n-${n.toString(32).padStart(12, 'a')}`)
const three = ['http://a:8888', 'http://b:8888', 'http://c:8888']

t.test('after failures each address is tried before any is tried again', async (t) => {
  fc.assert(
    fc.property(planes, node, (planes, node) => {
      const list = new PlaneList(planes, node)
      const round = (from: number) =>
        planes.map((_, index) => {
          const { current } = list
          list.failed(from + index)
          return current
        })
      const first = round(0)
      t.strictSame(round(100), first, 'the one that failed longest ago comes next')
      return first.toSorted().join() === planes.toSorted().join()
    }),
  )
  t.equal(new PlaneList([], 'n').current, '')
  t.equal(new PlaneList(['a', 'a'], 'n').size, 1)
})

t.test('agents spread evenly, and those of an address that fails spread evenly over the others', async (t) => {
  const lists = nodes.map((node) => new PlaneList(three, node))
  const count = (lists: readonly PlaneList[]) => three.map((plane) => lists.filter((l) => l.current === plane).length)
  for (const each of count(lists)) t.ok(Math.abs(each - 1_000) < 150, `${each} of 3,000`)
  const orphans = lists.filter(({ current }) => current === three[0])
  for (const list of orphans) list.failed(0)
  const [none, ...others] = count(orphans)
  t.equal(none, 0)
  for (const each of others) t.ok(Math.abs(each - orphans.length / 2) < 100, `${each} of ${orphans.length}`)
})

t.test('one that failed is passed over for a minute, as long as there is another', async (t) => {
  const list = new PlaneList(three, 'n-aaaaaaaaaaaa')
  const [first, second, third] = list.all.map(({ plane }) => plane)
  t.equal(list.current, first)
  list.failed(0)
  t.equal(list.current, second)
  list.failed(1_000)
  t.equal(list.current, third, 'and not the first again')
  list.failed(61_000)
  t.equal(list.current, first, 'a minute has gone by')
  list.reached(third ?? '')
  t.match(list.all, [{ failedAt: 0 }, { failedAt: 1_000 }, { failedAt: undefined }])
})

t.test('where to go depends on why', async (t) => {
  const list = new PlaneList(three, 'n-aaaaaaaaaaaa')
  const order = list.all.map(({ plane }) => plane)
  const [first = '', second = '', third = ''] = order
  t.strictSame(
    order.map((plane) => list.choiceOf(plane)),
    [0, 1, 2],
  )
  t.strictSame(list.targets('leaving', 0), [second, third])
  t.strictSame(list.targets('balance', 0), [], 'it is where it would rather be')
  list.failedElsewhere(second, 0)
  t.strictSame(list.targets('leaving', 1), [third, second], 'one that failed comes last')
  list.failed(100_000)
  t.strictSame(list.targets('balance', 100_001), [], 'the first has just failed')
  t.strictSame(list.targets('balance', 200_000), [first])
  const alone = new PlaneList(['http://balancer:8888'], 'n')
  t.strictSame(alone.targets('leaving', 0), ['http://balancer:8888'], 'behind it may be others')
  t.strictSame(alone.targets('balance', 0), ['http://balancer:8888'])
})
