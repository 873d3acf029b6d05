import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { exitCodeOf } from './exit-codes.ts'

for (const { code, exit } of [
  { code: 'ARGUMENT_INVALID', exit: 2 },
  { code: 'NAME_AMBIGUOUS', exit: 2 },
  { code: 'PLANE_UNREACHABLE', exit: 3 },
  { code: 'NOT_FOUND', exit: 4 },
  { code: 'PLANE_REFUSED', exit: 5 },
  { code: 'WAIT_FROZEN', exit: 5 },
  { code: 'WAIT_TIMED_OUT', exit: 6 },
  { code: 'PLANE_FAILED', exit: 1 },
  { code: 'PLANE_ANSWER_UNREADABLE', exit: 1 },
] as const) {
  t.test(`${code} ends a command with ${exit}`, async (t) => {
    t.equal(exitCodeOf(new Failure(code, 'x')), exit)
  })
}

t.test('whatever else goes wrong ends a command with 1', async (t) => {
  t.equal(exitCodeOf(new Error('x')), 1)
  t.equal(exitCodeOf('x'), 1)
})
