import t from 'tap'
import { problemFailure } from './problem.ts'

const problem = { type: 'about:blank', title: 'Conflict', status: 409, detail: 'Two instances stand there.' }

for (const { status, code, retryable } of [
  { status: 400, code: 'ARGUMENT_INVALID', retryable: false },
  { status: 401, code: 'PLANE_REFUSED', retryable: false },
  { status: 403, code: 'PLANE_REFUSED', retryable: false },
  { status: 404, code: 'NOT_FOUND', retryable: false },
  { status: 409, code: 'PLANE_REFUSED', retryable: false },
  { status: 422, code: 'ARGUMENT_INVALID', retryable: false },
  { status: 500, code: 'PLANE_FAILED', retryable: true },
  { status: 503, code: 'PLANE_FAILED', retryable: true },
]) {
  t.test(`a problem with status ${status} is ${code}`, async (t) => {
    const failure = problemFailure('drain crm', status, JSON.stringify({ ...problem, status }))
    t.match(failure, { code, retryable, message: 'could not drain crm' })
  })
}

t.test('the reason and the remedy are those of the plane', async (t) => {
  const text = JSON.stringify({ ...problem, code: 'FROZEN', remedy: 'Thaw first.' })
  const failure = problemFailure('sweep dc', 409, text)
  t.equal(failure.remedy, 'Thaw first.')
  t.match(failure.cause, { message: 'Two instances stand there. (409 Conflict, FROZEN)' })
})

t.test('of a conflict both sides are shown', async (t) => {
  const yours = { if_match: '"3"', change: { document: { a: 2 } } }
  const text = JSON.stringify({
    ...problem,
    code: 'VERSION_CHANGED',
    current: { version: 4, document: { a: 1 } },
    yours,
  })
  const { cause } = problemFailure('write the settings of all', 412, text)
  t.match(cause, { message: /\nnow: {2}\{"version":4,"document":\{"a":1\}\}\nyours: \{"document":\{"a":2\}\}$/ })
  const long = JSON.stringify({ ...problem, current: { text: 'x'.repeat(2_000) } })
  t.ok(String(problemFailure('x', 412, long).cause).length < 800)
})

t.test('every field that is not valid is named', async (t) => {
  const problems = [
    { field: 'by', message: 'required' },
    { field: 'reason', message: 'too long' },
  ]
  const failure = problemFailure('freeze', 400, JSON.stringify({ ...problem, problems }))
  t.match(failure.cause, { message: /\nby: required\nreason: too long$/ })
})

t.test('what is no control plane is not taken for one', async (t) => {
  t.match(problemFailure('list nodes', 404, '<html>nginx</html>'), {
    code: 'PLANE_ANSWER_UNREADABLE',
    cause: { message: 'status 404: <html>nginx</html>' },
  })
  t.match(problemFailure('list nodes', 302, ''), { cause: { message: 'status 302 without a body' } })
  t.match(problemFailure('list nodes', 502, '{"status":502}'), { code: 'PLANE_FAILED', retryable: true })
})
