import fc from 'fast-check'
import t from 'tap'
import { afterLesson, type Lesson, patienceMs, type Trust, unproven } from './trust.ts'

const after = (...lessons: readonly Lesson[]): Trust => lessons.reduce(afterLesson, unproven)

for (const { lessons, kind } of [
  { lessons: [], kind: 'unproven' },
  { lessons: ['answered-beside'], kind: 'proven' },
  { lessons: ['slow-beside', 'slow-beside'], kind: 'unproven' },
  { lessons: ['slow-beside', 'slow-beside', 'slow-beside'], kind: 'withheld' },
  { lessons: ['slow-beside', 'answered-beside', 'slow-beside', 'slow-beside', 'slow-beside'], kind: 'proven' },
  { lessons: ['blocked'], kind: 'withheld' },
  { lessons: ['answered-beside', 'blocked'], kind: 'withheld' },
  { lessons: ['blocked', 'answered-beside'], kind: 'withheld' },
  { lessons: ['blocked', 'gone'], kind: 'unproven' },
] as const) {
  t.test(`after ${lessons.join(', ') || 'nothing'} a wire is ${kind}`, async (t) =>
    t.equal(after(...lessons).kind, kind),
  )
}

t.test('a server that once blocked gets no wire until its process is gone', async (t) => {
  const lesson = fc.constantFrom<Lesson>('answered-beside', 'slow-beside', 'blocked')
  fc.assert(
    fc.property(fc.array(lesson), fc.array(lesson), (before, later) => {
      return after(...before, 'blocked', ...later).kind === 'withheld'
    }),
  )
  t.pass()
})

t.test('patience grows with the time that a server takes alone, within half the timeout', async (t) => {
  t.equal(patienceMs(2, 2_000), 150)
  t.equal(patienceMs(100, 2_000), 300)
  t.equal(patienceMs(900, 2_000), 1_000)
  t.equal(patienceMs(2, 200), 100)
})
