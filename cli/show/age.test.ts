import t from 'tap'
import { age, clock, span, until } from './age.ts'

const now = Date.parse('2026-03-01T10:00:00Z')
const at = (ms: number) => new Date(now + ms).toISOString()

for (const { ms, text } of [
  { ms: 0, text: '0ms' },
  { ms: 850.7, text: '850ms' },
  { ms: 1000, text: '1s' },
  { ms: 59_999, text: '59s' },
  { ms: 60_000, text: '1m' },
  { ms: 3_599_999, text: '59m' },
  { ms: 7_200_000, text: '2h' },
  { ms: 86_400_000 * 400, text: '400d' },
  { ms: -5, text: '0ms' },
]) {
  t.test(`${ms} ms read as ${text}`, async (t) => {
    t.equal(span(ms), text)
  })
}

t.test('an age is never below nought, though clocks differ', async (t) => {
  t.equal(age(at(-125_000), now), '2m')
  t.equal(age(at(-400), now), '0s')
  t.equal(age(at(5_000), now), '0s')
})

t.test('the end of something reads as the time until then', async (t) => {
  t.equal(until(at(1_800_000), now), '30m')
  t.equal(until(at(-1_000), now), '0s')
})

t.test('a moment is told to the second', async (t) => {
  t.equal(clock('2026-03-01T10:00:05.123Z'), '2026-03-01T10:00:05Z')
  t.equal(clock('2026-03-01T10:00:05Z'), '2026-03-01T10:00:05Z')
})
