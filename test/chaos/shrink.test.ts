import t from 'tap'
import { shrink } from './shrink.ts'

await t.test('what has nothing to do with a failure is left out', async (t) => {
  const tried: (readonly number[])[] = []
  const fails = async (part: readonly number[]) => {
    tried.push(part)
    return part.includes(2) && part.includes(4)
  }
  t.strictSame(await shrink([1, 2, 3, 4, 5], fails), [2, 4])
  t.equal(tried.length, 5)
})

await t.test('one that fails alone is left as it is', async (t) => {
  t.strictSame(await shrink([7], async () => true), [7])
})
