import fc from 'fast-check'
import t from 'tap'
import { Reason, reasonText } from '../protocol/reason.ts'
import { readAnswer } from './body.ts'

type Case = { readonly what: string; readonly body: unknown; readonly status?: number; readonly says: string }

const expected = { service: 'user-service', aliases: ['user'] }

function read(body: unknown, status = 200) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const { health, reason } = readAnswer({ status, body: Buffer.from(text), truncated: false }, expected)
  return `${health} ${reasonText(reason)}`
}

const cases: readonly Case[] = [
  { what: 'nothing at all', body: '', says: 'passing ok' },
  { what: 'nothing, with 204', body: '', status: 204, says: 'passing ok' },
  ...['ok', 'OK\n', 'healthy', 'UP', 'pong', 'OK: all is well', 'status: UP', 'Alive!'].map((body) => ({
    what: `plain text ${JSON.stringify(body)}`,
    body,
    says: 'passing ok',
  })),
  { what: 'a bad plain text', body: 'ERROR: no database', says: 'critical body_status word=ERROR: no database' },
  { what: 'a plain text that begins with no', body: 'no errors', says: 'warning unknown_word word=no errors' },
  { what: 'an unknown plain text', body: 'Hello 123', says: 'warning unknown_word word=Hello #' },
  {
    what: 'a page',
    body: '<!doctype html><title>App</title>',
    says: 'warning unknown_word word=<!doctype html><title>App</title>',
  },
  { what: 'a JSON string', body: '"UP"', says: 'passing ok' },
  { what: 'a JSON boolean', body: 'false', says: 'critical body_status word=false' },
  { what: 'null', body: 'null', says: 'passing ok' },
  { what: 'a number', body: '17', says: 'warning unknown_word word=17' },
  { what: 'a list', body: [], says: 'passing ok' },
  ...[true, 'healthy', 'ok', 'UP', 'passing', 'running', '正常'].map((status) => ({
    what: `status ${status}`,
    body: { status },
    says: 'passing ok',
  })),
  ...['degraded', 'warning', '降级'].map((status) => ({
    what: `status ${status}`,
    body: { status },
    says: `warning body_status word=${status}`,
  })),
  ...[false, 'unhealthy', 'error', 'DOWN', 'critical', 'OUT_OF_SERVICE', '异常'].map((status) => ({
    what: `status ${status}`,
    body: { status },
    says: `critical body_status word=${status}`,
  })),
  { what: 'an unknown word', body: { status: 'wobbly' }, says: 'warning unknown_word word=wobbly' },
  { what: 'an unknown word that counts', body: { status: 'run 4711' }, says: 'warning unknown_word word=run #' },
  { what: 'success false', body: { success: false, message: 'x' }, says: 'critical body_status word=false' },
  {
    what: 'healthy false beside a good status',
    body: { status: 'ok', healthy: false },
    says: 'critical body_status word=false',
  },
  { what: 'no word of state', body: { version: '1.0', message: 'hello' }, says: 'passing ok' },
  {
    what: 'a status as an object',
    body: { status: { code: 1, state: 'DOWN' } },
    says: 'critical body_status word=DOWN',
  },
  { what: 'health as an object', body: { id: 'x', health: { status: 'UP', message: {} } }, says: 'passing ok' },
  { what: 'a name as an object without a name', body: { service: { id: 3 }, status: 'UP' }, says: 'passing ok' },
  { what: 'an envelope', body: { code: 0, message: 'ok', data: { status: 'UP' } }, says: 'passing ok' },
  { what: 'an envelope of 200', body: { code: 200, message: 'ok', data: null }, says: 'passing ok' },
  { what: 'a sick envelope', body: { code: 500, message: 'no', data: {} }, says: 'critical body_status word=500' },
  {
    what: 'an envelope with an unknown code',
    body: { code: 10001, data: {} },
    says: 'warning unknown_word word=10001',
  },
  { what: 'an unknown code beside a word', body: { code: 10001, data: { status: 'UP' } }, says: 'passing ok' },
  {
    what: 'a sick service in an envelope',
    body: { code: 0, data: { status: 'DOWN' } },
    says: 'critical body_status word=DOWN',
  },
  {
    what: 'a word as data',
    body: { code: 0, message: '', data: 'unhealthy' },
    says: 'critical body_status word=unhealthy',
  },
  {
    what: 'a dependency',
    body: { status: 'UP', checks: { db: { status: 'DOWN' } } },
    says: 'warning dependency path=checks.db.status word=DOWN',
  },
  {
    what: 'a deep dependency',
    body: { status: 'healthy', core_health: { database: { redis: { status: 'unhealthy' } } } },
    says: 'warning dependency path=core_health.database.redis.status word=unhealthy',
  },
  {
    what: 'a boolean dependency',
    body: { status: 'ok', dependencies: { redis: false, db: true } },
    says: 'warning dependency path=dependencies.redis word=false',
  },
  {
    what: 'a dependency by a word',
    body: { status: 'ok', services: { auth: 'error' } },
    says: 'warning dependency path=services.auth word=error',
  },
  {
    what: 'a bare dependency',
    body: { status: 'ok', database: 'disconnected' },
    says: 'warning dependency path=database word=disconnected',
  },
  {
    what: 'a dependency in a list',
    body: {
      status: 'ok',
      checks: [
        { name: 'a', status: 'pass' },
        { name: 'b', status: 'fail' },
      ],
    },
    says: 'warning dependency path=checks[1].status word=fail',
  },
  {
    what: 'a degraded dependency',
    body: { checks: { db: { status: 'degraded' } } },
    says: 'warning dependency path=checks.db.status word=degraded',
  },
  {
    what: 'a dependency with an unknown word',
    body: { status: 'ok', checks: { db: { status: 'wobbly' } } },
    says: 'warning dependency path=checks.db.status word=wobbly',
  },
  {
    what: 'an address among dependencies',
    body: { status: 'ok', services: { auth: 'http://10.0.0.1' } },
    says: 'passing ok',
  },
  {
    what: 'the gravest, first by path',
    body: { checks: { z: { status: 'DOWN' }, b: { status: 'DOWN' }, a: { status: 'degraded' } } },
    says: 'warning dependency path=checks.b.status word=DOWN',
  },
  {
    what: 'a dependency switched off',
    body: { status: 'ok', services: { mongo: { enabled: false, status: 'error' } } },
    says: 'passing ok',
  },
  {
    what: 'a dependency disabled by word',
    body: { status: 'ok', services: { mongo: { status: 'disabled', healthy: false } } },
    says: 'passing ok',
  },
  {
    what: 'a dependency switched on',
    body: { status: 'ok', services: { mongo: { enabled: true, status: 'error' } } },
    says: 'warning dependency path=services.mongo.status word=error',
  },
  {
    what: 'its own word before its dependency',
    body: { status: 'DOWN', checks: { db: 'DOWN' } },
    says: 'critical body_status word=DOWN',
  },
  {
    what: "a registry's health",
    body: {
      status: 'healthy',
      service: 'user-service',
      zervigo_services: { success: true, services: { auth: { success: false, healthy: false, status: 'down' } } },
    },
    says: 'warning dependency path=zervigo_services.services.auth.healthy word=false',
  },
  { what: 'metrics', body: '"# HELP x\\nx 1"', says: 'warning unknown_word word=# HELP x x #' },
  { what: 'the name expected', body: { service: 'user-service', status: 'UP' }, says: 'passing ok' },
  { what: 'the name in other letters', body: { service: 'User_Service', status: 'UP' }, says: 'passing ok' },
  { what: 'an alias', body: { name: 'user', status: 'UP' }, says: 'passing ok' },
  { what: 'a host name beside the name', body: { name: 'host-7', service: 'user' }, says: 'passing ok' },
  {
    what: 'another name',
    body: { service: 'billing', status: 'UP' },
    says: 'critical identity_mismatch answered=billing expected=user-service',
  },
  {
    what: 'another name with 404',
    body: { service: 'billing' },
    status: 404,
    says: 'critical identity_mismatch answered=billing expected=user-service',
  },
  {
    what: 'another name in an envelope',
    body: { code: 0, data: { service: 'billing' } },
    says: 'critical identity_mismatch answered=billing expected=user-service',
  },
  { what: "somebody's name in an envelope", body: { code: 0, data: { name: 'Zhang' } }, says: 'passing ok' },
  { what: '404', body: 'not found', status: 404, says: 'passing no_health_endpoint status=404' },
  { what: '401', body: { error: 'token' }, status: 401, says: 'warning http_status status=401' },
  { what: 'a redirect', body: '', status: 302, says: 'warning http_status status=302' },
  { what: '503', body: { status: 'UP' }, status: 503, says: 'critical http_status status=503' },
  { what: 'broken JSON', body: '{"status":', says: 'warning unknown_word word={"status":' },
  { what: 'a byte order mark', body: '\uFEFF{"status":"UP"}', says: 'passing ok' },
]

for (const { what, body, status, says } of cases) {
  t.test(`${what} is read`, async (t) => t.equal(read(body, status), says))
}

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
})
