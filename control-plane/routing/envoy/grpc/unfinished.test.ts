import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { Unfinished } from './unfinished.ts'

function setUp(t: Test) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const unfinished = new Unfinished(100, 1_000)
  const cut: string[] = []
  const begin = (name = 'one') => unfinished.of((why) => cut.push(`${name} ${why}`))
  return { unfinished, cut, begin }
}

t.test(
  'beyond what all may have begun together the call ends that holds most, whoever said the last word',
  async (t) => {
    const { unfinished, cut, begin } = setUp(t)
    const [large, small, other] = [begin('large'), begin('small'), begin('other')]
    large.now(60)
    small.now(30)
    other.now(10)
    t.strictSame(cut, [])
    small.now(31)
    t.strictSame(cut, ['large crowded'])
    t.match(unfinished.figures(), { unfinishedBytes: 41, mostUnfinishedBytes: 100, crowded: 1, stalled: 0 })
    other.now(101)
    t.strictSame(cut, ['large crowded', 'other crowded'])
    small.end()
    t.equal(unfinished.figures().unfinishedBytes, 0)
  },
)

t.test('a message that is not finished in time ends its call, however often something of it comes', async (t) => {
  const { unfinished, cut, begin } = setUp(t)
  const one = begin()
  for (let bytes = 1; bytes <= 10; bytes += 1) {
    one.now(bytes)
    t.strictSame(cut, [])
    mock.timers.tick(100)
  }
  t.strictSame(cut, ['one stalled'])
  t.match(unfinished.figures(), { unfinishedBytes: 0, stalled: 1 })
})

t.test('each message has its own time, and a call that has ended none', async (t) => {
  const { cut, begin } = setUp(t)
  const [one, two] = [begin(), begin()]
  for (let round = 0; round < 5; round += 1) {
    one.now(10)
    mock.timers.tick(900)
    one.now(0)
  }
  two.now(5)
  two.end()
  mock.timers.tick(10_000)
  t.strictSame(cut, [])
})
