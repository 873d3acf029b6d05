import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { type Rank, Turns } from './turns.ts'

/** Resolves when nothing waits any more. */
async function idle(turns: Turns): Promise<void> {
  while (turns.waiting > 0) await pause(1)
}

t.test('steps of one rank are done in the order in which they came, and all of them', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom<Rank>(0, 1, 2), { maxLength: 200 }), async (ranks) => {
        const turns = new Turns(0)
        const done: [Rank, number][] = []
        for (const [at, rank] of ranks.entries()) turns.add(rank, () => done.push([rank, at]))
        await idle(turns)
        for (const rank of [0, 1, 2]) {
          const order = done.filter(([of]) => of === rank).map(([, at]) => at)
          if (order.some((at, index) => at < (order[index - 1] ?? 0))) return false
        }
        return done.length === ranks.length
      }),
      { numRuns: 50 },
    ),
  )
})

t.test('nothing is done at once, and others get their turn between two slices', async (t) => {
  const turns = new Turns(0)
  let done = 0
  for (let step = 0; step < 50; step += 1) {
    turns.add(0, () => {
      done += 1
    })
  }
  t.equal(done, 0)
  const seen = new Set<number>()
  while (turns.waiting > 0) {
    await nextTurn()
    seen.add(done)
  }
  t.equal(done, 50)
  t.ok(seen.size > 1, 'others came in between')
})

t.test('what comes first goes first, but the last is not left for ever', async (t) => {
  const turns = new Turns(0)
  const done: string[] = []
  turns.add(2, () => done.push('last'))
  turns.add(1, () => done.push('then'))
  let left = 20
  const again = () => {
    done.push('first')
    left -= 1
    if (left > 0) turns.add(0, again)
  }
  turns.add(0, again)
  await idle(turns)
  t.ok(done.indexOf('last') < 10 && done.indexOf('then') < 10)
  t.equal(done.filter((each) => each === 'first').length, 20)
})

t.test('how long what comes first has been waiting is told', async (t) => {
  const turns = new Turns()
  t.equal(turns.lateMs(), 0)
  turns.add(1, () => {})
  t.equal(turns.lateMs(), 0, 'what may wait is not late')
  turns.add(0, () => {})
  t.ok(turns.lateMs() >= 0)
  await idle(turns)
  t.equal(turns.lateMs(), 0)
})

t.test('in a hurry the event loop comes round often, and all is done all the same', async (t) => {
  const busy = () => {
    for (const endsAt = performance.now() + 0.3; performance.now() < endsAt; );
  }
  const rounds = async (hurried: boolean) => {
    const turns = new Turns(1_000)
    for (let step = 0; step < 30; step += 1) turns.add(0, busy)
    let count = 0
    for (; turns.waiting > 0; count += 1) {
      if (hurried) turns.hurry()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return count
  }
  t.ok((await rounds(true)) >= 30, 'each slice does one step of what takes longer')
  t.ok((await rounds(false)) < 30, 'otherwise they are done together')
})
