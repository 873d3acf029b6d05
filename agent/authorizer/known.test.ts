import t from 'tap'
import type { Granted, Learned } from './judgement.ts'
import { Known, keyOf, usualLimits } from './known.ts'

const granted: Granted = { kind: 'granted', subject: 'li', permissions: new Set(['a']), endsAt: undefined }

/** A question whose answer is given from outside. */
function question(learned: Learned) {
  let asked = 0
  const gate = Promise.withResolvers<void>()
  return {
    ask: async () => {
      asked += 1
      await gate.promise
      return learned
    },
    answer: () => gate.resolve(),
    get asked() {
      return asked
    },
  }
}

t.test('a thousand who wait for one token ask once, and later ones not at all', async (t) => {
  const known = new Known()
  const one = question({ judgement: granted, keepMs: 60_000 })
  const all = Array.from({ length: 1000 }, () => known.ask('k', one.ask))
  one.answer()
  t.strictSame(new Set(await Promise.all(all)), new Set([granted]))
  t.equal(one.asked, 1)
  t.equal(known.find('k'), granted)
})

t.test('what is not to be kept is for those who wait, and nobody else', async (t) => {
  const known = new Known()
  const unable = { kind: 'unable', why: 'x' } as const
  t.strictSame(await known.ask('k', async () => ({ judgement: unable, keepMs: 0 })), unable)
  t.equal(known.find('k'), undefined)
})

t.test('a question that fails lets nobody pass, and is asked again', async (t) => {
  const known = new Known()
  t.match(await known.ask('k', () => Promise.reject(new Error('x'))), { kind: 'unable' })
  t.match(await known.ask('k', async () => ({ judgement: granted, keepMs: 0 })), granted)
})

t.test('what was forgotten does not come back by what was asked before', async (t) => {
  const known = new Known()
  const before = question({ judgement: granted, keepMs: 60_000 })
  const waiting = known.ask('k', before.ask)
  known.forget()
  const after = question({ judgement: { kind: 'refused', why: 'x' }, keepMs: 60_000 })
  const waitingToo = known.ask('k', after.ask)
  before.answer()
  await waiting
  t.equal(known.find('k'), undefined)
  after.answer()
  t.match(await waitingToo, { kind: 'refused' })
  t.match(known.find('k'), { kind: 'refused' })
})

t.test('bad tokens push out no good one', async (t) => {
  const known = new Known({ ...usualLimits, others: { most: 10, mostWeight: 10_000 } })
  await known.ask('good', async () => ({ judgement: granted, keepMs: 60_000 }))
  for (let n = 0; n < 100; n += 1) {
    await known.ask(`bad ${n}`, async () => ({ judgement: { kind: 'refused', why: 'x' }, keepMs: 60_000 }))
  }
  t.equal(known.find('good'), granted)
  t.equal(known.size, 11)
})

t.test('about more tokens than are allowed at once nobody can tell', async (t) => {
  const known = new Known({ ...usualLimits, mostOpen: 2 })
  const one = question({ judgement: granted, keepMs: 0 })
  const open = [known.ask('a', one.ask), known.ask('b', one.ask)]
  t.match(await known.ask('c', one.ask), { kind: 'unable' })
  t.equal(known.ask('a', one.ask), open[0])
  one.answer()
  await Promise.all(open)
  t.equal(await known.ask('c', one.ask), granted)
})

t.test("a token's own end counts, also when the clock of the world is set", async (t) => {
  const known = new Known()
  const now = Date.now()
  const ending = { ...granted, endsAt: now + 60_000 }
  t.equal(await known.ask('k', async () => ({ judgement: ending, keepMs: 600_000 })), ending)
  t.equal(known.find('k'), ending)
  const clock = t.capture(Date, 'now', () => now + 60_000)
  t.equal(known.find('k'), undefined)
  t.match(await known.ask('k', async () => ({ judgement: ending, keepMs: 600_000 })), {
    kind: 'refused',
    why: 'expired',
  })
  clock.restore()
})

t.test('nothing of a token is in the key that it is known by', async (t) => {
  t.match(keyOf('Bearer abc'), /^[A-Za-z0-9+/]{43}=$/)
  t.not(keyOf('Bearer abc'), keyOf('Bearer abd'))
})

t.test('what was learnt counts for as long as was said', async (t) => {
  const known = new Known()
  const now = performance.now()
  const clock = t.capture(performance, 'now', () => now)
  await known.ask('k', async () => ({ judgement: granted, keepMs: 1_000 }))
  t.equal(known.find('k'), granted)
  clock.restore()
  const later = t.capture(performance, 'now', () => now + 1_000)
  t.equal(known.find('k'), undefined)
  later.restore()
})
