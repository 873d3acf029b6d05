import t from 'tap'
import { Turn } from './turn.ts'

const [a, b, c] = [1, 2, 3].map((port) => ({ address: '10.0.0.1', port, priority: 0 }))
if (!a || !b || !c) throw new Error('three')
const ports = (endpoints: readonly { readonly port: number }[]) => endpoints.map(({ port }) => port)

t.test('endpoints take turns', async (t) => {
  const turn = new Turn()
  t.strictSame([1, 2, 3, 4].map(() => ports(turn.order([a, b, c], 0))[0]).toSorted(), [1, 1, 2, 3])
  t.strictSame(turn.order([], 0), [])
})

t.test('one of lower priority comes after all better ones', async (t) => {
  const turn = new Turn()
  for (let n = 0; n < 5; n += 1) t.equal(turn.order([{ ...a, priority: 1 }, b, c], 0)[2]?.port, 1)
})

t.test('one that failed comes last for a while, or until it answers', async (t) => {
  const turn = new Turn()
  turn.failed(a, 0)
  for (let n = 0; n < 4; n += 1) t.equal(turn.order([a, { ...b, priority: 1 }], 9_999)[1]?.port, 1)
  t.equal(turn.order([a, { ...b, priority: 1 }], 10_000)[0]?.port, 1)
  turn.failed(a, 20_000)
  turn.answered(a)
  t.equal(turn.order([a, { ...b, priority: 1 }], 20_001)[0]?.port, 1)
})

t.test('what is said of an endpoint is forgotten with it', async (t) => {
  const turn = new Turn()
  turn.failed(a, 0)
  turn.keep([b])
  turn.keep([a, b])
  t.equal(turn.order([a, { ...b, priority: 1 }], 1)[0]?.port, 1)
})
