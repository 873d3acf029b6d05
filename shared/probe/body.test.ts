import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { problemText } from '../config/problem.ts'
import { readConfig } from '../config/read.ts'
import { Reason, type ReasonCode, reasonCodes, reasonParameters, reasonText } from '../protocol/reason.ts'
import { interpret, readAnswer } from './body.ts'

const Answers = z.array(
  z.strictObject({
    title: z.string(),
    status: z._default(z.int(), 200),
    body: z._default(z.string({ error: 'expected a text: put the body in quotes' }), ''),
    service: z._default(z.string(), 'user-service'),
    health: z.enum(['passing', 'warning', 'critical']),
    reason: z.enum(reasonCodes as [ReasonCode, ...ReasonCode[]]),
    params: z._default(z.record(z.string(), z.string({ error: 'expected a text: put it in quotes' })), {}),
  }),
)

const expected = { service: 'user-service', aliases: ['user'] }

function read(text: string, status = 200, service = expected.service) {
  const { health, reason } = readAnswer({ status, body: Buffer.from(text), truncated: false }, { ...expected, service })
  return `${health} ${reasonText(reason)}`
}

const file = new URL('answers.yaml', import.meta.url)
const { config: answers = [], problems } = readConfig(Answers, await readFile(file, 'utf8'), 'answers.yaml')

t.test('the table of answers can be read', async (t) => {
  t.strictSame(problems.map(problemText), [])
  t.ok(answers.length > 100)
  const titles = answers.map(({ title }) => title)
  t.strictSame(
    titles.filter((title, n) => titles.indexOf(title) !== n),
    [],
    'titles are there once',
  )
})

for (const { title, status, body, service, health, reason: code, params } of answers) {
  t.test(`it is read: ${title}`, async (t) => {
    const reason = { code, params }
    t.equal(read(body, status, service), `${health} ${reasonText(reason)}`)
    t.strictSame(Object.keys(params).toSorted(), [...reasonParameters[code]].toSorted(), 'the params of its code')
  })
}

t.test('the words that were read are told, with what they mean and where they stand', async (t) => {
  const body = {
    status: 'ok',
    service: 'billing',
    checks: { db: { status: 'DOWN' }, mq: { enabled: false, status: 'x' } },
  }
  const reading = interpret({ status: 503, body: Buffer.from(JSON.stringify(body)), truncated: false }, { service: '' })
  t.strictSame(reading, {
    verdict: { health: 'critical', reason: { code: 'http_status', params: { status: '503' } } },
    own: [{ path: 'status', word: 'ok', meaning: 'good' }],
    dependencies: [
      { path: 'checks.db.status', word: 'DOWN', meaning: 'bad' },
      { path: 'checks.mq', word: 'off', meaning: 'off' },
    ],
    names: ['billing'],
  })
})

t.test('whoever answers is welcome where nobody in particular is expected', async (t) => {
  t.equal(read('{"service": "billing", "status": "UP"}', 200, ''), 'passing ok')
})

t.test('a body that was cut is a warning', async (t) => {
  const { health } = readAnswer({ status: 200, body: Buffer.alloc(65536, 'x'), truncated: true }, expected)
  t.equal(health, 'warning')
})

t.test('any bytes get a verdict with a reason that the protocol takes, and the same bytes the same one', async (t) => {
  const words = fc.constantFrom(
    'status',
    'data',
    'code',
    'checks',
    'services',
    'enabled',
    'service',
    'UP',
    'DOWN',
    '\uD83D',
  )
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      words,
      fc.boolean(),
      fc.double(),
      fc.constant(null),
      fc.string(),
      tie('object'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    object: fc.dictionary(fc.oneof(words, fc.string()), tie('value'), { maxKeys: 5 }),
  })).value
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((part) => Buffer.from(part)),
    json.map((value) => Buffer.from(JSON.stringify(value))),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(bytes, fc.integer({ min: 200, max: 599 }), fc.boolean(), (body, status, truncated) => {
      const verdict = readAnswer({ status, body, truncated }, expected)
      Reason.parse(verdict.reason)
      const again = readAnswer({ status, body, truncated }, expected)
      return reasonText(again.reason) === reasonText(verdict.reason) && !/[\r\n]/.test(reasonText(verdict.reason))
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

t.test('a dependency alone never makes a service critical', async (t) => {
  const word = fc.constantFrom('DOWN', 'error', 'degraded', 'UP', false, true, 'wobbly')
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('db', 'redis', 'x'), fc.oneof(word, fc.record({ status: word }))),
      (checks) => {
        const { health } = readAnswer(
          { status: 200, body: Buffer.from(JSON.stringify({ status: 'UP', checks })), truncated: false },
          expected,
        )
        return health === 'passing' || health === 'warning'
      },
    ),
  )
  t.pass()
})

t.test('a nest of 60,000 brackets is survived', async (t) => {
  t.match(read('['.repeat(30_000) + ']'.repeat(30_000)), /^(passing|warning)/)
  t.match(read(`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`), /^(passing|warning)/)
  t.match(read(`${'{"checks":'.repeat(6_000)}{"status":"DOWN"}${'}'.repeat(6_000)}`), /^(passing|warning)/)
})

t.test('no time in a body changes what is made of it', async (t) => {
  const key = fc.constantFrom('timestamp', 'time', 'last_check', 'checked_at', 'updatedAt', 'uptime', 'up', 'ts')
  const time = fc.oneof(
    fc.integer(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.constantFrom(0, '', '1970-01-01', null),
  )
  const word = fc.constantFrom('UP', 'DOWN', 'degraded', 'wobbly')
  fc.assert(
    fc.property(word, word, fc.dictionary(key, time), fc.dictionary(key, time), (own, dependency, one, other) => {
      const at = (times: object) =>
        read(
          JSON.stringify({ ...untold(times), status: own, checks: { db: { ...untold(times), status: dependency } } }),
        )
      return at(one) === at(other)
    }),
  )
  t.pass()
})

/** Without texts under `up`, where they are states. */
function untold(times: object): object {
  return Object.fromEntries(Object.entries(times).filter(([key, value]) => key !== 'up' || typeof value === 'number'))
}
