import fc from 'fast-check'
import t from 'tap'
import { Queue } from './queue.ts'

await t.test('urgent nodes come first, each once, and take everything asked of them along', async (t) => {
  const queue = new Queue()
  queue.add('a', ['1'], { urgent: false, since: 5 })
  queue.add('b', ['1'], { urgent: false, since: 6 })
  queue.add('b', ['2'], { urgent: true, since: 7 })
  queue.add('a', undefined, { urgent: false, since: 8 })
  t.strictSame([...queue.keys(false)], ['b', 'a'])
  t.strictSame([...queue.keys(true)], ['b'])
  t.strictSame(queue.take('b'), { instances: new Set(['1', '2']), urgent: true, since: 6 })
  t.strictSame(queue.take('a'), { instances: undefined, urgent: false, since: 5 })
  t.equal(queue.take('a'), undefined)
  t.equal(queue.size, 0)
})

await t.test('what was asked as a whole is not narrowed by a part', async (t) => {
  const queue = new Queue()
  queue.add('a', undefined, { urgent: false, since: 1 })
  queue.add('a', ['1'], { urgent: false, since: 2 })
  t.equal(queue.take('a')?.instances, undefined)
})

await t.test('it says since when the oldest waits, and holds no more than there are nodes', async (t) => {
  const node = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.record({ node, take: fc.boolean(), urgent: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new Queue()
      const model = new Map<string, number>()
      let now = 0
      for (const { node: each, take, urgent } of steps) {
        now += 1
        if (take) {
          queue.take(each)
          model.delete(each)
        } else {
          queue.add(each, ['x'], { urgent, since: now })
          if (!model.has(each)) model.set(each, now)
        }
        const oldest = model.size === 0 ? undefined : Math.min(...model.values())
        if (queue.size !== model.size || queue.oldest() !== oldest) return false
        if ([...queue.keys(false)].sort().join() !== [...model.keys()].sort().join()) return false
      }
      return true
    }),
  )
  t.pass()
})
