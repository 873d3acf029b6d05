import t from 'tap'
import { clockOff, refusal } from './judge-answer.ts'

const hour = 3_600_000
const plane = 'https://plane.example:8888'

for (const { code, why, becomes } of [
  { code: 'PLANE_UNREACHABLE', why: 'connect ECONNREFUSED', becomes: 'PLANE_UNREACHABLE' },
  { code: 'PLANE_UNPROVEN', why: 'it showed no authority with the key that the token pins', becomes: 'PLANE_UNPROVEN' },
  { code: 'PLANE_UNPROVEN', why: 'its certificate holds from 2030 to 2031', becomes: 'ENROLMENT_CLOCK' },
  { code: 'ENROLMENT_TOKEN_USED', why: 'it is used up', becomes: 'ENROLMENT_TOKEN_USED' },
  { code: 'status 500', why: 'whatever', becomes: 'ENROLMENT_REFUSED' },
] as const) {
  t.test(`${code} (${why}) is told as ${becomes}, with the plane, why and what to do`, async (t) => {
    const failure = refusal(plane, { kind: 'refused', code, why, retry: false })
    t.match(failure, { code: becomes, remedy: /\w/ })
    t.ok(failure.message.includes(plane) && failure.message.includes(why))
  })
}

const issuedAt = Date.UTC(2026, 10, 22)
for (const { off, said } of [
  { off: 0, said: undefined },
  { off: -4 * 60_000, said: undefined },
  { off: 4 * 60_000, said: undefined },
  { off: 2 * hour, said: /2 h ahead/ },
]) {
  t.test(`a clock that is off by ${off} ms is ${said ? 'told' : 'right'}`, async (t) => {
    const told = clockOff({ issuedAt, notAfter: issuedAt + 24 * hour }, issuedAt + off)
    if (said) t.match(told, said)
    else t.equal(told, undefined)
  })
}

for (const off of [-6 * 60_000, -48 * hour, 24 * hour]) {
  t.test(`a clock that is off by ${off} ms makes the certificate useless`, async (t) => {
    t.throws(() => clockOff({ issuedAt, notAfter: issuedAt + 24 * hour }, issuedAt + off), { code: 'ENROLMENT_CLOCK' })
  })
}
