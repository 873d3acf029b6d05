import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { permissionsOf } from '#shared/access/permissions.ts'
import { Failure } from '#shared/failure/failure.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import type { Caller } from './caller.ts'
import { AccessGuard, type GuardParts } from './guard.ts'

const viewer: Caller = { kind: 'token', name: 'token:vera', permissions: permissionsOf.viewer }
const good = 'hdlt1.good'

/** A guard before something that answers whatever comes through with 200. */
async function guarded(t: Test, more: Partial<GuardParts> = {}) {
  const log: string[] = []
  const guard: AccessGuard = new AccessGuard({
    tokens: {
      remembered: () => undefined,
      verify: async (text) =>
        text === good ? { kind: 'caller', caller: viewer } : { kind: 'unknown', why: 'the token is not valid' },
    },
    required: () => true,
    audited: ({ caller, operation }, next) => {
      log.push(`${caller.name} ${operation.method} ${operation.path}`)
      next()
    },
    log: quiet,
    ...more,
  })
  const server = createServer((request, response) =>
    guard.admit(request, response, () => response.end(guard.callerOf(request).name)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (method: string, path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const asked = send({ port, host: '127.0.0.1', method, path, headers })
    asked.end()
    const [answer] = await once(asked, 'response')
    let text = ''
    for await (const chunk of answer) text += chunk
    return { status: answer.statusCode as number, headers: answer.headers, text }
  }
  return { ask, log }
}

t.test('who has a token that counts is let do what it may, and nothing else', async (t) => {
  const { ask } = await guarded(t)
  t.match(await ask('GET', '/v1/status', `Bearer ${good}`), { status: 200, text: 'token:vera' })
  t.match(await ask('GET', '/v1/status', `bearer  ${good} `), { status: 200 })
  t.match(await ask('POST', '/v1/freeze', `Bearer ${good}`), { status: 403, text: /ACCESS_REFUSED/ })
})

t.test('whoever says nothing, or nothing that counts, is told how to say it', async (t) => {
  const { ask } = await guarded(t)
  for (const said of [undefined, 'Bearer', 'Bearer x', 'Basic aGk6aGk=', `Bearer ${good} more`, good]) {
    const { status, headers, text } = await ask('GET', '/v1/status', said)
    t.equal(status, 401, `${said}`)
    t.match(headers['www-authenticate'], /^Bearer/)
    t.match(JSON.parse(text), { code: 'ACCESS_UNKNOWN', status: 401 })
  }
  t.match(await ask('GET', '/health'), { status: 200, text: 'open' })
})

t.test('old clients of the registry are refused in its words', async (t) => {
  const { ask } = await guarded(t)
  const { status, text } = await ask('GET', '/cluster/services')
  t.equal(status, 401)
  t.match(JSON.parse(text), { success: false, error: /needs a token/, code: 'ACCESS_UNKNOWN' })
  t.match(JSON.parse((await ask('GET', '/v1/cluster/services')).text), { type: 'about:blank', status: 401 })
})

t.test(
  'where nothing is asked of callers everybody is let through, and what they say to others is passed over',
  async (t) => {
    const { ask } = await guarded(t, { required: () => false })
    for (const said of [undefined, 'Bearer eyJhbGciOi', 'Basic aGk6aGk=']) {
      t.match(await ask('POST', '/v1/freeze', said), { status: 200, text: 'open' })
    }
    t.equal((await ask('GET', '/v1/status', 'Bearer hdlt1.bad')).status, 401, 'a token of ours has to count')
    t.equal((await ask('GET', '/no/such/thing')).status, 200, 'whoever answers says what is not there')
    t.match(await ask('GET', '/v1/status?token=x'), { status: 400, text: /TOKEN_IN_QUERY/ })
  },
)

t.test('a certificate or a listener may say who it is', async (t) => {
  const plain: Caller = { kind: 'plain', name: 'plain', permissions: ['registry:write'] }
  const { ask } = await guarded(t, { callerOf: ({ headers }) => (headers.authorization ? undefined : plain) })
  t.match(await ask('POST', '/cluster/register'), { status: 200, text: 'plain' })
  t.equal((await ask('GET', '/v1/status')).status, 403)
  t.match(await ask('GET', '/v1/status', `Bearer ${good}`), { status: 200 })
})

t.test('who tries too often is told when to come again', async (t) => {
  const tokens: GuardParts['tokens'] = {
    remembered: () => undefined,
    verify: async () => ({ kind: 'locked', forMs: 61_500 }),
  }
  const { ask } = await guarded(t, { tokens })
  const { status, headers, text } = await ask('GET', '/v1/status', 'Bearer x')
  t.strictSame([status, headers['retry-after']], [429, '62'])
  t.match(text, 'ACCESS_LOCKED')
})

t.test('while the store does not answer nobody is known, and nobody is let in', async (t) => {
  const down = () => Promise.reject(new Failure('STORE_UNAVAILABLE', 'no room', { retryable: true }))
  const { ask } = await guarded(t, { tokens: { remembered: () => undefined, verify: down } })
  t.match(await ask('GET', '/v1/status', `Bearer ${good}`), { status: 503, text: /STORE_UNAVAILABLE/ })
  t.equal((await ask('GET', '/health')).status, 200)
})

t.test('what is to be written down is refused where it cannot be', async (t) => {
  const admin: Caller = { ...viewer, permissions: permissionsOf.admin }
  const down = () => Promise.reject(new Failure('STORE_UNAVAILABLE', 'no room', { retryable: true }))
  const { ask } = await guarded(t, { callerOf: () => admin, audited: down })
  t.equal((await ask('GET', '/v1/backup')).status, 503)
  t.equal((await ask('GET', '/v1/status')).status, 200)
  const { ask: well, log } = await guarded(t, { callerOf: () => admin })
  await well('POST', '/v1/freeze')
  t.strictSame(log, ['token:vera POST /v1/freeze'])
})
