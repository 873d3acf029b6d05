import fc from 'fast-check'
import t from 'tap'
import { renewableMs } from '#shared/identity/judge-certificate.ts'
import type { Revocation } from './identity.ts'
import { forgettable, holdUntil, releaseUntil, revokedBy, revokeEnrolment, revokeSerial, united } from './revoked.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const day = 24 * 3_600_000
const [node, other] = ['n-abcdefghijkl', 'n-bbbbbbbbbbbb']

const anyRevocation: fc.Arbitrary<Revocation> = fc.oneof(
  fc
    .tuple(fc.constantFrom(node, other), fc.integer({ min: 1, max: 4 }), fc.nat(9), fc.constantFrom('a', 'b'))
    .map(([of, enrolment, at, by]) => revokeEnrolment(of, enrolment, at, by, 'why')),
  fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.nat(9)).map(([serial, at]) => revokeSerial(node, serial, at, 'a', 'why')),
  fc.nat(9).map((until) => holdUntil(until, 'a')),
  fc.tuple(fc.nat(9), fc.nat(9)).map(([until, at]) => releaseUntil(until, at, 'a', 'why')),
)
const several = fc.array(anyRevocation, { maxLength: 8 })

t.test('the union is the same in whatever order and however often places are asked', async (t) => {
  fc.assert(
    fc.property(several, several, several, (a, b, c) => {
      const all = JSON.stringify(united(a, b, c))
      return [
        united(c, a, b),
        united(b, united(a, c)),
        united(a, a, b, c, b),
        united([...c, ...b].toReversed(), a),
      ].every((each) => JSON.stringify(each) === all)
    }),
  )
  t.pass()
})

t.test('no place that is asked besides lets a node or a certificate back in', async (t) => {
  fc.assert(
    fc.property(several, several, (a, b) => {
      const [few, all] = [revokedBy(united(a)), revokedBy(united(a, b))]
      return (
        [...few.serials].every((serial) => all.serials.has(serial)) &&
        [...few.enrolments].every(([of, enrolment]) => (all.enrolments.get(of) ?? 0) >= enrolment)
      )
    }),
  )
  t.pass()
})

t.test('the latest enrolment that was revoked counts, for each node its own', async (t) => {
  const { enrolments } = revokedBy([
    revokeEnrolment(node, 2, now, 'alice', ''),
    revokeEnrolment(node, 1, now + 1, 'alice', ''),
    revokeEnrolment(other, 7, now, 'alice', ''),
  ])
  t.strictSame(
    [...enrolments],
    [
      [node, 2],
      [other, 7],
    ],
  )
})

for (const { what, all, heldUntil } of [
  { what: 'nothing was restored', all: [], heldUntil: 0 },
  { what: 'a backup was restored', all: [holdUntil(now, 'a')], heldUntil: now },
  {
    what: 'what was revoked is known again',
    all: [holdUntil(now, 'a'), releaseUntil(now, now + 5, 'a', '')],
    heldUntil: 0,
  },
  {
    what: 'another backup was restored after that',
    all: [holdUntil(now, 'a'), releaseUntil(now, now + 5, 'a', ''), holdUntil(now + 9, 'a')],
    heldUntil: now + 9,
  },
]) {
  t.test(`when ${what}, what is held is right`, async (t) => {
    t.equal(revokedBy(all).heldUntil, heldUntil)
  })
}

t.test('a revocation is forgotten only when no certificate that it ends could be renewed', async (t) => {
  const { endsAt } = revokeEnrolment(node, 1, now, 'alice', '')
  const lastHour = now + day + renewableMs
  t.ok(endsAt > forgettable(lastHour), 'a certificate that was issued as it was revoked may be renewed until then')
  t.ok(endsAt < forgettable(lastHour + 3 * day))
})
