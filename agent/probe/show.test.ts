import t from 'tap'
import { interpret } from '#shared/probe/body.ts'
import type { HttpProbeSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Look } from './look.ts'
import { lookJson, lookText } from './show.ts'

const spec: HttpProbeSpec = {
  kind: 'http',
  address: '10.0.0.7',
  port: 8081,
  path: '/health',
  timeoutMs: 2_000,
  service: 'user-service',
}

function lookAt(body: string, more: Partial<Look> = {}, expected: HttpProbeSpec = spec): Look {
  const answer = { status: 200, body: Buffer.from(body), truncated: false, keepAlive: true }
  const reading = interpret(answer, expected)
  return { spec: expected, verdict: reading.verdict, tookMs: 3.14, answer, reading, wire: 'kept', ...more }
}

const plain = (text: string) => text
const lines = (look: Look, paint: (text: string, as: string) => string = plain) =>
  lookText(look, paint)
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())

t.test('people see the words, what they mean, and what is made of them', async (t) => {
  const body =
    '{"status":"healthy","service":"user-service","checks":{"redis":{"status":"flaky"},"mq":{"enabled":false}}}'
  t.strictSame(lines(lookAt(body)), [
    'asked      GET /health of 10.0.0.7:8081',
    'answer     200 in 3.1 ms, 106 bytes',
    'name       user-service, as expected',
    'words      status = healthy             good',
    '           checks.redis.status = flaky  unknown, of a dependency',
    '           checks.mq = off              off, of a dependency',
    'verdict    warning: dependency path=checks.redis.status word=flaky',
    'trip wire  kept: it answers beside an idle connection',
  ])
})

t.test('a stranger is named, as is whoever comes where nobody in particular is expected', async (t) => {
  const body = '{"service":"billing"}'
  t.strictSame(lines(lookAt(body, { wire: 'closed' })).slice(2), [
    'name       billing, but user-service is expected',
    'words      none',
    'verdict    critical: identity_mismatch answered=billing expected=user-service',
    'trip wire  none: the server ends the connection after its answer',
  ])
  t.match(lines(lookAt(body, {}, { ...spec, service: '' }))[2], /^name {7}billing; nobody in particular/)
  t.match(lines(lookAt('ok'))[2], /none told/)
})

t.test('without an answer there is only a verdict', async (t) => {
  const verdict = { health: 'critical', reason: reason('refused') } as const
  const look = lookAt('', { verdict, answer: undefined, reading: undefined, wire: 'unanswered' })
  t.strictSame(lines(look).slice(1), [
    'answer     none that counts, in 3.1 ms',
    'verdict    critical: refused',
    'trip wire  none: there was no complete answer',
  ])
  const tcp = { kind: 'tcp', address: '::1', port: 6379, timeoutMs: 2_000 } as const
  t.strictSame(lines({ ...look, spec: tcp, wire: 'none' }).slice(0, 2), [
    'asked      tcp of [::1]:6379',
    'took       3.1 ms',
  ])
})

t.test('nothing that a server says can steer a terminal, and there is an end to what is shown', async (t) => {
  const checks = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`\u001b[31m${n}\r\n`, '\u001b]0;x\u0007down']),
  )
  const text = lookText(lookAt(JSON.stringify({ status: 'DOWN\u001b[2J', checks: { ...checks, db: 'down' } })), plain)
  t.notMatch(text.replaceAll('\n', ''), /\p{Cc}/u)
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`a${n}`, 'down']))
  t.match(lines(lookAt(JSON.stringify({ checks: many }))), [...Array(43).fill(/./), /and 20 more/])
})

t.test('colours say the same as words', async (t) => {
  const painted = lines(lookAt('{"status":"DOWN"}'), (text, as) => `<${as} ${text}>`)
  t.ok(painted.includes('<faint words    >  status = DOWN  <critical bad>'))
  t.ok(painted.includes('<faint verdict  >  <critical critical>: body_status word=DOWN'))
})

t.test('scripts get the same as JSON', async (t) => {
  t.strictSame(lookJson(lookAt('{"status":"UP","checks":{"db":false},"service":"user-service"}')), {
    asked: { kind: 'http', address: '10.0.0.7', port: 8081, service: 'user-service', path: '/health' },
    status: 200,
    bytes: 62,
    truncated: false,
    took_ms: 3.1,
    names: ['user-service'],
    words: [{ path: 'status', word: 'UP', meaning: 'good' }],
    dependencies: [{ path: 'checks.db', word: false, meaning: 'bad' }],
    health: 'warning',
    reason: { code: 'dependency', params: { path: 'checks.db', word: 'false' } },
    wire: 'kept',
  })
})
