import fc from 'fast-check'
import t from 'tap'
import { Wake } from './wake.ts'

const never = new AbortController().signal

t.test('a ring before the wait is not missed, and many are one', async (t) => {
  const wake = new Wake()
  for (let at = 0; at < 1_000; at += 1) wake.ring()
  t.equal(await wake.next(60_000, never), true)
  t.equal(await wake.next(0, never), false)
})

t.test('a ring during the wait ends it', async (t) => {
  const wake = new Wake()
  setImmediate(() => wake.ring())
  t.equal(await wake.next(60_000, never), true)
})

t.test('without a ring the wait ends in time', async (t) => {
  const begun = performance.now()
  t.equal(await new Wake().next(200, never), false)
  // A timer counts from the start of its turn of the loop, which may lie before.
  t.ok(performance.now() - begun >= 100)
})

t.test('the stop ends the wait, before it and during it', async (t) => {
  const wake = new Wake()
  t.equal(await wake.next(60_000, AbortSignal.abort()), false)
  const stop = new AbortController()
  setImmediate(() => stop.abort())
  t.equal(await wake.next(60_000, stop.signal), false)
})

t.test('a wait without end does not end at once', async (t) => {
  const wake = new Wake()
  const early = new Wake()
  const waiting = wake.next(Number.POSITIVE_INFINITY, never)
  t.equal(await Promise.race([waiting, early.next(20, never).then(() => 'still waiting')]), 'still waiting')
  wake.ring()
  t.equal(await waiting, true)
})

t.test('a loop that looks after each ring misses nothing, whenever the rings come', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('ring', 'tick', 'turn'), { maxLength: 30 }), async (script) => {
        const wake = new Wake()
        const stop = new AbortController()
        let written = 0
        let seen = 0
        let looks = 0
        const looking = (async () => {
          while (await wake.next(60_000, stop.signal)) {
            seen = written
            looks += 1
          }
        })()
        for (const act of script) {
          if (act === 'ring') {
            written += 1
            wake.ring()
          } else if (act === 'tick') await Promise.resolve()
          else await new Promise(setImmediate)
        }
        await new Promise(setImmediate)
        stop.abort()
        await looking
        return seen === written && looks <= written
      }),
    ),
  )
})
