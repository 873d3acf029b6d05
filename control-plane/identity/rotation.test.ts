import fc from 'fast-check'
import t from 'tap'
import { afterStep, nextStep, type RotationFacts, rotationTimes, type Turn, trusted } from './rotation.ts'

const day = 24 * 3_600_000
const start = 1_000 * day
const active: Turn = { id: 'a', state: 'active', since: start, notAfter: start + 3_650 * day }
const next: Turn = { id: 'b', state: 'next', since: start + day, notAfter: start + 3_651 * day }
const quiet: RotationFacts = { now: start + 2 * day, asked: false, confirmed: false, outside: false }

for (const { what, turns, facts, step } of [
  { what: 'nothing there yet', turns: [], facts: quiet, step: { kind: 'make-next' } },
  { what: 'a quiet year', turns: [active], facts: quiet, step: undefined },
  { what: 'somebody asks', turns: [active], facts: { ...quiet, asked: true }, step: { kind: 'make-next' } },
  {
    what: 'the active one ends in less than a year',
    turns: [active],
    facts: { ...quiet, now: active.notAfter - 365 * day },
    step: { kind: 'make-next' },
  },
  {
    what: 'one of somebody else ends in less than a year',
    turns: [active],
    facts: { ...quiet, now: active.notAfter - 365 * day, outside: true },
    step: undefined,
  },
  { what: 'the next one waits for nodes', turns: [active, next], facts: { ...quiet, asked: true }, step: undefined },
  {
    what: 'all nodes trust the next one',
    turns: [active, next],
    facts: { ...quiet, confirmed: true },
    step: { kind: 'activate', id: 'b', retires: 'a' },
  },
  {
    what: 'a node has not confirmed for 30 days',
    turns: [active, next],
    facts: { ...quiet, now: next.since + 30 * day },
    step: { kind: 'activate', id: 'b', retires: 'a' },
  },
  {
    what: 'the active one has ended',
    turns: [active, { ...next, since: active.notAfter }],
    facts: { ...quiet, now: active.notAfter },
    step: { kind: 'activate', id: 'b', retires: 'a' },
  },
  {
    what: 'one retires, and what it signed still counts',
    turns: [
      { ...active, state: 'retiring' },
      { ...next, state: 'active' },
    ],
    facts: { ...quiet, now: start + 60 * day },
    step: undefined,
  },
  {
    what: 'nothing that the old one signed counts any more',
    turns: [
      { ...active, state: 'retiring' },
      { ...next, state: 'active' },
    ],
    facts: { ...quiet, now: start + 61 * day },
    step: { kind: 'retire', id: 'a' },
  },
] as const) {
  t.test(`when ${what}, the right step is taken`, async (t) => {
    t.strictSame(nextStep(turns, facts), step)
  })
}

t.test('who is retired is trusted by nobody, all others are', async (t) => {
  const states = (['next', 'active', 'retiring', 'retired'] as const).map((state) => ({ state }))
  t.strictSame(
    trusted(states).map(({ state }) => state),
    ['next', 'active', 'retiring'],
  )
})

t.test(
  'over fifty years of rotations there is no moment at which a certificate is signed by nobody or trusted by nobody',
  async (t) => {
    const happening = fc.record({
      waitMs: fc.integer({ min: day / 4, max: 40 * day }),
      asked: fc.boolean(),
      confirmed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(happening, { minLength: 20, maxLength: 400 }), (happenings) => {
        let now = start
        let turns: readonly Turn[] = []
        const signed: { readonly by: string; readonly until: number }[] = []
        const states = new Map<string, string[]>()
        for (const { waitMs, asked, confirmed } of happenings) {
          for (let steps = 0; ; steps += 1) {
            const underway = turns.some(({ state }) => state === 'next')
            const step = nextStep(turns, { now, asked: asked && steps === 0 && !underway, confirmed, outside: false })
            if (!step) break
            // One is made, one takes its turn, and any number whose time has come retire.
            if (steps > turns.length + 2) return false
            const made = { id: `a${states.size}`, notAfter: now + 3_650 * day }
            turns = afterStep(turns, step, now, made)
            for (const { id, state } of turns) states.set(id, [...(states.get(id) ?? []), state])
          }
          const signers = turns.filter(({ state }) => state === 'active')
          const [signer] = signers
          if (signers.length !== 1 || !signer || signer.notAfter <= now) return false
          // Node certificates, which may be renewed for 30 days more, and servers' ones.
          signed.push({ by: signer.id, until: Math.min(now + 31 * day, signer.notAfter) })
          signed.push({ by: signer.id, until: Math.min(now + 30 * day, signer.notAfter) })
          const known = new Set(trusted(turns).map(({ id }) => id))
          if (signed.some(({ by, until }) => until > now && !known.has(by))) return false
          now += waitMs
        }
        const order = ['next', 'active', 'retiring', 'retired']
        return [...states.values()].every((seen) =>
          seen.every((state, index) => order.indexOf(state) >= order.indexOf(seen[index - 1] ?? 'next')),
        )
      }),
      { numRuns: 1_000 },
    )
    t.equal(rotationTimes.trustedMs, 61 * day)
  },
)
