import t from 'tap'
import { judgeCoverage } from './coverage.ts'

const row = (lines: readonly [number, number], functions: readonly [number, number]) => ({
  lines: { covered: lines[0], total: lines[1] },
  functions: { covered: functions[0], total: functions[1] },
})
const question = { project: '/p', folders: ['agent', 'shared'], goal: 90 }

await t.test('only the folders in question count, and all their lines together', async (t) => {
  const summary = {
    total: row([1, 1000], [1, 1000]),
    '/p/agent/a.ts': row([90, 100], [10, 10]),
    '/p/shared/b.ts': row([0, 20], [0, 2]),
    '/p/shared/b.test.ts': row([0, 500], [0, 50]),
    '/p/test/support/c.ts': row([0, 500], [0, 50]),
    '/p/agents.ts': row([0, 500], [0, 50]),
  }
  t.strictSame(judgeCoverage(summary, question), {
    lines: 75,
    functions: (100 * 10) / 12,
    poor: [{ file: 'shared/b.ts', lines: 0, functions: 0 }],
  })
})

await t.test('a file whose lines are covered but whose functions are not is poor', async (t) => {
  const { poor } = judgeCoverage({ '/p/agent/a.ts': row([10, 10], [1, 2]) }, question)
  t.strictSame(poor, [{ file: 'agent/a.ts', lines: 100, functions: 50 }])
})

await t.test('where there is nothing to cover, all of it is covered', async (t) => {
  t.strictSame(judgeCoverage({}, question), { lines: 100, functions: 100, poor: [] })
})
