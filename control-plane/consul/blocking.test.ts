import t from 'tap'
import { blockingTimeoutMs, nextIndex } from './blocking.ts'

for (const { name, asked, answered, next } of [
  { name: 'a first answer', asked: 0, answered: 7, next: 7 },
  { name: 'news', asked: 7, answered: 9, next: 9 },
  { name: 'no news', asked: 7, answered: 7, next: 7 },
  { name: 'an index that went back', asked: 7, answered: 3, next: 0 },
  { name: 'an index of zero', asked: 7, answered: 0, next: 0 },
  { name: 'no index', asked: 7, answered: Number.NaN, next: 0 },
]) {
  await t.test(`after ${name} the next query asks with ${next}`, async (t) => t.equal(nextIndex(asked, answered), next))
}

await t.test('a blocking query is given the time that Consul adds', async (t) => {
  t.ok(blockingTimeoutMs(60_000) > 60_000 * (1 + 1 / 16))
})
