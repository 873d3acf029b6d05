import fc from 'fast-check'
import t from 'tap'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason, reasonText } from '#shared/protocol/reason.ts'
import { type Damped, type Damping, damp, dampingOf, FlappingConfig, longestHoldMs, undamped } from './flapping.ts'

const passing: Verdict = { health: 'passing', reason: reason('ok') }
const warning: Verdict = { health: 'warning', reason: reason('dependency', { path: 'db', word: 'DOWN' }) }
const critical: Verdict = { health: 'critical', reason: reason('http_status', { status: '503' }) }
const refused: Verdict = { health: 'critical', reason: reason('refused') }
const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }
const damping: Damping = { halfLifeMs: 60_000, holdAbove: 4, releaseBelow: 2, mostMs: 300_000 }

const says = ({ verdict: { health, reason } }: Damped) => `${health} ${reasonText(reason)}`

/** What is told after each finding, one a second. */
function told(findings: readonly Verdict[], everyMs = 1_000): readonly string[] {
  let known = undamped
  return findings.map((found, n) => {
    known = damp(known, found, n * everyMs, damping)
    return says(known)
  })
}

t.test('what flaps is held at its worst, and says so', async (t) => {
  const seen = told([passing, critical, passing, critical, passing, critical, passing, passing])
  t.strictSame(seen.slice(0, 5), [
    'passing ok',
    'critical http_status status=503',
    'passing ok',
    'critical http_status status=503',
    'passing ok',
  ])
  const held = 'critical flapping word=http_status status=503'
  t.strictSame(seen.slice(5), [held, held, held])
})

t.test('what flaps between good and half good is held at half good, and dies at once all the same', async (t) => {
  const seen = told([passing, warning, passing, warning, passing, warning, passing, refused, passing])
  t.equal(seen[6], 'warning flapping word=dependency path=db word=DOWN')
  t.strictSame(seen.slice(7), ['critical flapping word=refused', 'critical flapping word=refused'])
})

t.test('slow changes are told', async (t) => {
  const findings = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? passing : critical))
  const seen = told(findings, 120_000)
  t.ok(seen.every((line) => !line.includes('flapping')))
})

t.test('a hold ends when it has been steady for long enough, and after its longest time in any case', async (t) => {
  let known = undamped
  let now = 0
  const find = (found: Verdict, afterMs: number) => {
    now += afterMs
    known = damp(known, found, now, damping)
    return says(known)
  }
  for (let n = 0; n < 8; n += 1) find(n % 2 === 0 ? critical : passing, 1_000)
  t.match(says(known), /flapping/)
  t.match(find(passing, 60_000), /flapping/)
  t.equal(find(passing, 60_000), 'passing ok')

  const heldSince = now
  for (let n = 0; n < 20; n += 1) find(n % 2 === 0 ? critical : passing, 1_000)
  t.match(says(known), /flapping/)
  while (now - heldSince < damping.mostMs) find(known.found === passing ? critical : passing, 10_000)
  for (let n = 0; n < 2 && says(known).includes('flapping'); n += 1) find(passing, 10_000)
  t.notMatch(says(known), /flapping/, 'although it goes on flapping')
})

t.test('without damping everything is told; a hold ends when it is switched off', async (t) => {
  let known = undamped
  for (let n = 0; n < 9; n += 1) known = damp(known, n % 2 === 0 ? critical : passing, n, damping)
  t.match(says(known), /flapping/)
  known = damp(known, passing, 10, undefined)
  t.equal(says(known), 'passing ok')
  t.equal(dampingOf(FlappingConfig.parse({ enabled: false })), undefined)
})

t.test('the defaults are sane, and contradictions are named', async (t) => {
  const defaults = dampingOf(FlappingConfig.parse({}))
  t.strictSame(defaults, { halfLifeMs: 120_000, holdAbove: 8, releaseBelow: 3, mostMs: 600_000 })
  t.ok(defaults && longestHoldMs(defaults) < 300_000)
  const result = FlappingConfig.safeParse({ hold_above: 3, release_below: 3 })
  t.match(result.error?.issues, [{ message: 'expected release_below to be less than hold_above' }])
  t.notOk(FlappingConfig.safeParse({ hold_above: 1 }).success)
})

const settings: fc.Arbitrary<Damping> = fc
  .record({
    halfLifeMs: fc.integer({ min: 1_000, max: 600_000 }),
    holdAbove: fc.double({ min: 2, max: 20, noNaN: true }),
    share: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    mostMs: fc.integer({ min: 1_000, max: 3_600_000 }),
  })
  .map(({ share, ...rest }) => ({ ...rest, releaseBelow: Math.max(0.1, rest.holdAbove * share) }))
const step = fc.record({
  found: fc.constantFrom(passing, passing, warning, critical, refused, unknown),
  afterMs: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 120_000 })),
})

function play(damping: Damping, steps: readonly { readonly found: Verdict; readonly afterMs: number }[]) {
  let now = 0
  let known = undamped
  const all = steps.map(({ found, afterMs }) => {
    now += afterMs
    const before = known
    known = damp(known, found, now, damping)
    return { before, known, found, now }
  })
  return { all, last: known, now }
}

t.test('a single blip is never held', async (t) => {
  fc.assert(
    fc.property(settings, fc.constantFrom(warning, critical, refused), fc.nat(10_000), (damping, blip, ms) => {
      const { all } = play(
        damping,
        [passing, blip, passing, passing].map((found) => ({ found, afterMs: ms })),
      )
      return all.every(({ known, found }) => known.verdict === found)
    }),
  )
  t.pass()
})

t.test('what is told is never better than what is found, and to get worse is told at once', async (t) => {
  const rank = { passing: 0, warning: 1, critical: 2, unknown: 0 }
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 200 }), (damping, steps) =>
      play(damping, steps).all.every(({ known, found }) => rank[known.verdict.health] >= rank[found.health]),
    ),
  )
  t.pass()
})

t.test('steady passing always comes back within the stated bound', async (t) => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 200 }), (damping, steps) => {
      const { last, now } = play(damping, [...steps, { found: passing, afterMs: 1 }])
      const later = damp(last, passing, now + longestHoldMs(damping) + 1, damping)
      return later.verdict === passing
    }),
  )
  t.pass()
})

t.test('no hold lasts longer than it may, whatever is found', async (t) => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 200 }), (damping, steps) =>
      play(damping, steps).all.every(({ known, now }) => !known.hold || now - known.hold.since < damping.mostMs),
    ),
  )
  t.pass()
})

t.test('the number of changes that are told is bounded by the time, over any findings', async (t) => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 400 }), (damping, steps) => {
      const { all, now } = play(
        damping,
        steps.filter(({ found }) => found !== unknown),
      )
      const changes = all.filter(({ before, known }) => before.verdict.health !== known.verdict.health).length
      const { halfLifeMs, holdAbove, releaseBelow, mostMs } = damping
      const shortestHoldMs = Math.min(mostMs, halfLifeMs * Math.log2(holdAbove / releaseBelow))
      const holds = 1 + now / shortestHoldMs
      // Between holds as many as fill the measure, and as many as run out of it; with each hold: in, worse, out.
      const ranOut = (now * holdAbove * Math.LN2) / halfLifeMs
      return changes <= 1 + (holds + 1) * (holdAbove + 4) + ranOut
    }),
    { numRuns: 300 },
  )
  t.pass()
})
