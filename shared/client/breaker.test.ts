import fc from 'fast-check'
import t from 'tap'
import { allows, type Breaker, closed, ended, sent } from './breaker.ts'

const settings = { failures: 3, forMs: 1_000, mostMs: 4_000 }

/** What is so after these moments: `send` a call goes out if it may, else how one ended. */
function course(...moments: readonly (readonly [at: number, what: 'send' | 'good' | 'bad' | 'none'])[]): Breaker {
  return moments.reduce<Breaker>(
    (breaker, [at, what]) => (what === 'send' ? sent(breaker, at) : ended(breaker, what, settings, at)),
    closed,
  )
}

const opened = [
  [0, 'bad'],
  [0, 'bad'],
  [0, 'bad'],
] as const

t.test('it opens after so many failures in a row, and not before', async (t) => {
  t.match(course([0, 'bad'], [1, 'bad']), { state: 'closed', failures: 2 })
  t.match(course([0, 'bad'], [1, 'bad'], [2, 'good'], [3, 'bad'], [4, 'bad']), { state: 'closed', failures: 2 })
  t.strictSame(course(...opened), { state: 'open', until: 1_000, openings: 1 })
})

t.test('when its time is over one call finds out, and the others wait for it', async (t) => {
  const open = course(...opened)
  t.notOk(allows(open, settings, 999))
  t.ok(allows(open, settings, 1_000))
  const probing = sent(open, 1_000)
  t.notOk(allows(probing, settings, 1_001))
  t.strictSame(ended(probing, 'good', settings, 1_002), closed)
})

t.test('each probe that fails doubles the time, up to a limit', async (t) => {
  let breaker = course(...opened)
  const lasted: number[] = []
  for (let at = 1_000; lasted.length < 4; at += 10_000) {
    breaker = ended(sent(breaker, at), 'bad', settings, at)
    if (breaker.state === 'open') lasted.push(breaker.until - at)
  }
  t.strictSame(lasted, [2_000, 4_000, 4_000, 4_000])
})

t.test('a probe whose caller gave it up leaves the way free for the next one', async (t) => {
  const breaker = ended(sent(course(...opened), 1_000), 'none', settings, 1_100)
  t.ok(allows(breaker, settings, 1_100))
  t.equal(ended(closed, 'none', settings, 0), closed)
})

t.test('a probe that never ends stands in nobody’s way', async (t) => {
  t.ok(allows(sent(course(...opened), 1_000), settings, 2_000))
})

t.test('calls that were on their way when it opened change nothing', async (t) => {
  const open = course(...opened)
  t.equal(ended(open, 'bad', settings, 500), open)
})

t.test('whatever happened, it lets a call through within the longest time', async (t) => {
  const what = fc.constantFrom('send', 'good', 'bad', 'none')
  const moments = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 3_000 }), what }), { maxLength: 40 })
  fc.assert(
    fc.property(moments, (walk) => {
      let breaker = closed
      let now = 0
      for (const { ms, what } of walk) {
        now += ms
        if (what !== 'send') breaker = ended(breaker, what as 'good', settings, now)
        else if (allows(breaker, settings, now)) breaker = sent(breaker, now)
      }
      return allows(breaker, settings, now + settings.mostMs)
    }),
  )
  t.pass()
})
