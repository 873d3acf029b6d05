import fc from 'fast-check'
import t from 'tap'
import { contactNow, forgive, isOverdue, type Sign } from './contact.ts'

const limits = { suspectAfterMs: 2_000, silentAfterMs: 10_500, graceMs: 60_000 }
const live = (heardAt: number): Sign => ({ kind: 'live', session: 's', heardAt })
const gone = (since: number): Sign => ({ kind: 'gone', since, goodbye: false })
const awaited = (until: number): Sign => ({ kind: 'awaited', until })

for (const { name, sign, known, now, expected } of [
  { name: 'a session that beats is in contact', sign: live(0), known: 'connected', now: 5_000, expected: 'connected' },
  { name: 'one missed beat means nothing', sign: live(0), known: 'connected', now: 10_400, expected: 'connected' },
  { name: 'two missed beats are suspect', sign: live(0), known: 'connected', now: 10_500, expected: 'suspect' },
  { name: 'a silent session is lost after the grace', sign: live(0), known: 'suspect', now: 60_000, expected: 'lost' },
  { name: 'a message brings contact back', sign: live(70_000), known: 'lost', now: 70_000, expected: 'connected' },
  { name: 'a session may be gone for a moment', sign: gone(0), known: 'connected', now: 1_999, expected: 'connected' },
  { name: 'a session gone for 2 s is suspect', sign: gone(0), known: 'connected', now: 2_000, expected: 'suspect' },
  { name: 'the end of a session makes nothing better', sign: gone(0), known: 'suspect', now: 1, expected: 'suspect' },
  { name: 'a session gone for a minute is lost', sign: gone(0), known: 'suspect', now: 60_000, expected: 'lost' },
  {
    name: 'a goodbye is no other end',
    sign: { kind: 'gone', since: 0, goodbye: true },
    known: 'connected',
    now: 2_000,
    expected: 'suspect',
  },
  {
    name: 'after a restart of the plane nodes have time',
    sign: awaited(15_000),
    known: 'connected',
    now: 14_999,
    expected: 'connected',
  },
  {
    name: 'who has not come back in time is suspect',
    sign: awaited(15_000),
    known: 'connected',
    now: 15_000,
    expected: 'suspect',
  },
  { name: 'and lost after the grace', sign: awaited(15_000), known: 'suspect', now: 75_000, expected: 'lost' },
  { name: 'what was lost before a restart stays lost', sign: awaited(15_000), known: 'lost', now: 0, expected: 'lost' },
  { name: 'without an agent there is no contact', sign: awaited(0), known: 'none', now: 1e9, expected: 'none' },
] as const) {
  t.test(name, async (t) => t.equal(contactNow(sign, known, now, limits), expected))
}

t.test('time alone never makes contact better', async (t) => {
  const rank = { connected: 0, suspect: 1, lost: 2, none: 0 }
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.constantFrom(live(0), gone(0), awaited(5_000)),
        fc.array(fc.nat(30_000), { maxLength: 20 }),
        (sign, steps) => {
          let now = 0
          let contact = contactNow(sign, 'connected', now, limits)
          return steps.every((step) => {
            now += step
            const before = contact
            contact = contactNow(sign, before, now, limits)
            return rank[contact] >= rank[before]
          })
        },
      ),
    ),
  )
})

t.test('a plane that stood still holds nothing against anyone', async (t) => {
  const pausedMs = 30_000
  for (const sign of [live(0), gone(0), awaited(1_000)]) {
    t.equal(contactNow(forgive(sign, pausedMs, pausedMs), 'connected', pausedMs + 500, limits), 'connected')
  }
})

t.test('nor does it take anyone for heard in the future, who was heard or ended when it woke up', async (t) => {
  t.strictSame(forgive(live(9_900), 8_000, 10_000), live(10_000))
  t.strictSame(forgive(gone(9_900), 8_000, 10_000), gone(10_000))
})

t.test('who missed a beat cannot vouch for the network', async (t) => {
  t.equal(isOverdue(live(0), 5_400, 5_500), false)
  t.equal(isOverdue(live(0), 5_600, 5_500), true)
  t.equal(isOverdue(gone(0), 0, 5_500), true)
  t.equal(isOverdue(awaited(9), 0, 5_500), true)
})
