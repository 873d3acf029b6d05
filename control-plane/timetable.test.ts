import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { waitFor } from '#test/support/wait.ts'
import { cadence, startTimetable } from './timetable.ts'

t.test('a cadence comes at least as often as asked', async (t) => {
  for (const [everyMs, when] of [
    [100, '*/1 * * * * *'],
    [1_000, '*/1 * * * * *'],
    [7_000, '*/6 * * * * *'],
    [30_000, '*/30 * * * * *'],
    [90_000, '0 */1 * * * *'],
    [300_000, '0 */5 * * * *'],
    [3_600_000, '0 0 */1 * * *'],
    [86_400_000, '0 0 */24 * * *'],
  ] as const) {
    t.equal(cadence(everyMs), when)
  }
})

t.test('a job that fails is run again, and closing waits for what runs', async (t) => {
  let runs = 0
  {
    await using _timetable = startTimetable(
      [
        {
          name: 'count',
          when: cadence(1_000),
          run: () => {
            runs += 1
            throw new Error('on purpose')
          },
        },
      ],
      createLogger({ name: 'test', level: 'silent' }),
    )
    await waitFor(() => runs, { what: 'a second run', withinMs: 20_000, until: (seen) => seen >= 2 })
  }
  t.ok(runs >= 2)
})
