import fc from 'fast-check'
import t from 'tap'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { type Finding, type Judgement, judge, together, unjudged } from './judge.ts'

const passing: Verdict = { health: 'passing', reason: reason('ok') }
const warning: Verdict = { health: 'warning', reason: reason('dependency', { path: 'db', word: 'DOWN' }) }
const critical: Verdict = { health: 'critical', reason: reason('http_status', { status: '503' }) }
const refused: Verdict = { health: 'critical', reason: reason('refused') }
const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }
const thresholds = { rise: 2, fall: 3 }

function after(...verdicts: readonly (Verdict | { readonly at: 'once'; readonly verdict: Verdict })[]): string {
  const last = verdicts.reduce<Judgement>(
    (known, finding) =>
      'at' in finding
        ? judge(known, { verdict: finding.verdict, decisive: true }, thresholds)
        : judge(known, { verdict: finding, decisive: false }, thresholds),
    unjudged,
  )
  return `${last.verdict.health} ${last.against}`
}

for (const { what, seen, gives } of [
  { what: 'nothing', seen: [], gives: 'unknown 0' },
  { what: 'one good result', seen: [passing], gives: 'passing 0' },
  { what: 'one bad result', seen: [critical], gives: 'critical 0' },
  { what: 'bad results, fewer than fall', seen: [passing, critical, critical], gives: 'passing 2' },
  { what: 'bad results, as many as fall', seen: [passing, critical, refused, critical], gives: 'critical 0' },
  { what: 'a good one among bad ones', seen: [passing, critical, critical, passing, critical], gives: 'passing 1' },
  { what: 'good results, fewer than rise', seen: [critical, passing], gives: 'critical 1' },
  { what: 'good results, as many as rise', seen: [critical, warning, passing], gives: 'passing 0' },
  { what: 'a warning after a pass', seen: [passing, warning], gives: 'warning 0' },
  { what: 'a decisive result', seen: [passing, { at: 'once', verdict: refused } as const], gives: 'critical 0' },
  { what: 'a result that learned nothing', seen: [passing, critical, unknown, critical], gives: 'passing 2' },
]) {
  t.test(`after ${what} the belief is right`, async (t) => t.equal(after(...seen), gives))
}

t.test('an equal verdict stays the same object, so nobody takes it for news', async (t) => {
  const first = judge(unjudged, { verdict: warning, decisive: false }, thresholds)
  const equal = { health: 'warning', reason: reason('dependency', { word: 'DOWN', path: 'db' }) } as const
  t.equal(judge(first, { verdict: equal, decisive: false }, thresholds).verdict, first.verdict)
})

const finding: fc.Arbitrary<Finding> = fc.record({
  verdict: fc.constantFrom(passing, warning, critical, refused, unknown),
  decisive: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
})
const isUp = ({ health }: Verdict) => health === 'passing' || health === 'warning'

t.test(
  'belief turns only with the last results all against it, as many as needed, or with a decisive one',
  async (t) => {
    fc.assert(
      fc.property(
        fc.array(finding),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (findings, rise, fall) => {
          let known = unjudged
          const told: Finding[] = []
          for (const next of findings) {
            const before = known
            known = judge(known, next, { rise, fall })
            if (next.verdict.health !== 'unknown') told.push(next)
            if (before.verdict.health === 'unknown' || isUp(before.verdict) === isUp(known.verdict)) continue
            const needed = isUp(known.verdict) ? rise : fall
            const last = told.slice(-needed)
            const all = last.length === needed && last.every(({ verdict }) => isUp(verdict) === isUp(known.verdict))
            if (!all && !next.decisive) return false
          }
          return true
        },
      ),
    )
    t.pass()
  },
)

t.test('as many contrary results as needed always turn it', async (t) => {
  fc.assert(
    fc.property(fc.array(finding), fc.integer({ min: 1, max: 5 }), fc.boolean(), (findings, needed, up) => {
      let known = findings.reduce((known, next) => judge(known, next, { rise: needed, fall: needed }), unjudged)
      for (let n = 0; n < needed; n += 1) {
        known = judge(known, { verdict: up ? passing : refused, decisive: false }, { rise: needed, fall: needed })
      }
      return isUp(known.verdict) === up
    }),
  )
  t.pass()
})

t.test('several checks say the gravest together, the first among equals', async (t) => {
  t.equal(together([]).health, 'unknown')
  t.equal(together([passing, warning, passing]), warning)
  t.equal(together([passing, unknown, warning]), unknown)
  t.equal(together([unknown, critical, refused]), critical)
})
