import fc from 'fast-check'
import t from 'tap'
import { nextReload, remembered } from './budget.ts'

const calm = { now: 100_000, history: [], urgent: false, perMinute: 6, draining: 0, mostDraining: 4 }
const six = [50_000, 60_000, 70_000, 80_000, 90_000, 95_000]

for (const { name, question, answer } of [
  { name: 'the first set is loaded at once', question: {}, answer: { reload: 'now' } },
  {
    name: 'a second one a moment later waits a little',
    question: { history: [99_900] },
    answer: { reload: 'later', waitMs: 1567, because: 'budget' },
  },
  {
    name: 'with the budget used up it waits until the oldest reload is a minute old',
    question: { history: six },
    answer: { reload: 'later', waitMs: 10_000, because: 'budget' },
  },
  { name: 'a removal never waits', question: { history: six, draining: 9, urgent: true }, answer: { reload: 'now' } },
  {
    name: 'it waits while too many generations drain',
    question: { draining: 4 },
    answer: { reload: 'later', waitMs: 1000, because: 'draining' },
  },
  {
    name: 'reloads of more than a minute ago do not count',
    question: { history: [1, 2, 3, 4, 5, 6, 7] },
    answer: { reload: 'now' },
  },
  {
    name: 'removals beyond the budget count too',
    question: { history: [41_000, ...six] },
    answer: { reload: 'later', waitMs: 10_000, because: 'budget' },
  },
]) {
  t.test(name, async (t) => t.strictSame(nextReload({ ...calm, ...question }), answer))
}

t.test('whatever comes in whatever pace, sets that are not urgent stay within the budget', async (t) => {
  const arrivals = fc.array(fc.record({ after: fc.integer({ min: 0, max: 20_000 }), urgent: fc.boolean() }), {
    maxLength: 80,
  })
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 30 }), (sets, perMinute) => {
      let now = 0
      let history: readonly number[] = []
      for (const { after, urgent } of sets) {
        now += after
        const answer = nextReload({ ...calm, now, history, urgent, perMinute })
        if (answer.reload === 'later') {
          if (answer.waitMs < 1 || answer.waitMs > 60_000) return false
          now += answer.waitMs
          // Who waited as long as told may load.
          if (nextReload({ ...calm, now, history, urgent, perMinute }).reload !== 'now') return false
        }
        history = [...remembered(history, now), now]
        if (!urgent && history.length > perMinute) return false
      }
      return true
    }),
  )
  t.pass()
})
