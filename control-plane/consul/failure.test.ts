import t from 'tap'
import { answerFailure, connectionFailure } from './failure.ts'

for (const { status, text, code, retryable } of [
  { status: 500, text: 'No cluster leader', code: 'CONSUL_UNREACHABLE', retryable: true },
  { status: 429, text: '', code: 'CONSUL_UNREACHABLE', retryable: true },
  { status: 500, text: 'No path to datacenter', code: 'CONSUL_WRONG_DATACENTER', retryable: false },
  { status: 403, text: 'ACL not found', code: 'CONSUL_FORBIDDEN', retryable: false },
  { status: 500, text: 'rpc error: Permission denied', code: 'CONSUL_FORBIDDEN', retryable: false },
  { status: 400, text: 'Failed to parse body', code: 'CONSUL_REFUSED', retryable: false },
  { status: 404, text: '<html>', code: 'CONSUL_REFUSED', retryable: false },
]) {
  await t.test(`${status} ${text} is ${code}`, async (t) => {
    t.match(answerFailure({ status, text }, 'dc', 'read'), { code, retryable })
  })
}

await t.test('a failed connection is worth another try and names what happened', async (t) => {
  const failure = connectionFailure(new AggregateError([new Error('connect ECONNREFUSED')], ''), 'dc', 'read')
  t.match(failure, { code: 'CONSUL_UNREACHABLE', retryable: true, cause: { message: /ECONNREFUSED/ } })
})

await t.test('an answer that nobody can read is no outage', async (t) => {
  t.match(connectionFailure(new SyntaxError('x'), 'dc', 'read'), { code: 'CONSUL_REFUSED', retryable: false })
})

await t.test('a failure carries nothing of the request, which holds the token', async (t) => {
  const error = Object.assign(new Error('socket hang up'), { request: { headers: { 'x-consul-token': 'secret' } } })
  const { cause } = connectionFailure(error, 'dc', 'read')
  t.notMatch(JSON.stringify(Object.getOwnPropertyDescriptors(cause ?? {})), /secret/)
})
