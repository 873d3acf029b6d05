import fc from 'fast-check'
import t from 'tap'
import { longestWaitMs, pause, repeat } from './repeat.ts'

const soon = { everyMs: 0, afterFailureMs: () => 0 }

t.test('one bad step never ends the loop, and each is told', async (t) => {
  const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 })
  await t.resolves(
    fc.assert(
      fc.asyncProperty(outcomes, async (outcomes) => {
        const stop = new AbortController()
        const told: unknown[] = []
        let steps = 0
        const step = async () => {
          const fine = outcomes[steps]
          steps += 1
          if (steps === outcomes.length) stop.abort()
          if (!fine) throw new Error(`step ${steps}`)
        }
        await repeat(step, soon, (error) => told.push(error), stop.signal)
        // What goes wrong because of the stop is not told.
        const expected = outcomes.slice(0, -1).filter((fine) => !fine).length
        return steps === outcomes.length && told.length === expected
      }),
      { numRuns: 30 },
    ),
  )
})

t.test('the wait follows the failures in a row', async (t) => {
  const stop = new AbortController()
  const asked: number[] = []
  const outcomes = [false, false, true, false, true]
  let steps = 0
  const step = async () => {
    const fine = outcomes[steps]
    steps += 1
    if (steps > outcomes.length) return stop.abort()
    if (!fine) throw new Error('x')
  }
  const afterFailureMs = (failures: number) => {
    asked.push(failures)
    return 0
  }
  await repeat(step, { everyMs: 0, afterFailureMs }, () => {}, stop.signal)
  t.strictSame(asked, [1, 2, 1])
})

t.test('a step that throws before it promises is a bad step too', async (t) => {
  const stop = new AbortController()
  const told: unknown[] = []
  const step = (): Promise<void> => {
    if (told.length > 0) stop.abort()
    throw new Error('at once')
  }
  await repeat(step, soon, (error) => told.push(error), stop.signal)
  t.match(told, [{ message: 'at once' }])
})

t.test('a loop that was stopped before does nothing', async (t) => {
  let steps = 0
  await repeat(
    async () => {
      steps += 1
    },
    soon,
    () => {},
    AbortSignal.abort(),
  )
  t.equal(steps, 0)
})

t.test('the signal reaches the step, and ends a long wait', async (t) => {
  const stop = new AbortController()
  let seen: AbortSignal | undefined
  const begun = performance.now()
  const looping = repeat(
    async (signal) => {
      seen = signal
      setImmediate(() => stop.abort())
    },
    { everyMs: 3_600_000, afterFailureMs: () => 3_600_000 },
    () => {},
    stop.signal,
  )
  await looping
  t.equal(seen, stop.signal)
  t.ok(performance.now() - begun < 60_000)
})

t.test('a pause lasts as long as was said, or until the stop', async (t) => {
  const begun = performance.now()
  await pause(200, new AbortController().signal)
  // A timer counts from the start of its turn of the loop, which may lie before.
  t.ok(performance.now() - begun >= 100)
  await pause(3_600_000, AbortSignal.abort())
})

t.test('a pause without end does not end at once', async (t) => {
  for (const ms of [Number.POSITIVE_INFINITY, longestWaitMs + 1]) {
    const stop = new AbortController()
    let over = false
    const pausing = pause(ms, stop.signal).then(() => {
      over = true
    })
    await pause(20, new AbortController().signal)
    t.equal(over, false, String(ms))
    stop.abort()
    await pausing
  }
})
