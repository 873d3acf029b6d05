import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { inLanes } from './lanes.ts'

await t.test('everything is done once, and no more than may be at once', async (t) => {
  let busy = 0
  let most = 0
  const done: number[] = []
  await inLanes([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    busy += 1
    most = Math.max(most, busy)
    await turn()
    busy -= 1
    done.push(item)
  })
  t.strictSame(done.sort(), [1, 2, 3, 4, 5, 6, 7])
  t.equal(most, 3)
})

await t.test('a failure ends it, and nothing is left under way', async (t) => {
  let busy = 0
  let begun = 0
  const work = inLanes(Array.from({ length: 100 }), 3, async () => {
    busy += 1
    begun += 1
    await turn()
    busy -= 1
    throw new Error('no')
  })
  await t.rejects(work, { message: 'no' })
  t.equal(busy, 0)
  t.ok(begun <= 6)
})
