import { readFile } from 'node:fs/promises'
import t from 'tap'
import { matrix, type Operation, rolesFor } from '#control-plane/access/matrix.ts'
import type { TokenMadeView } from '#shared/access/api.ts'
import { type Role, roles } from '#shared/access/permissions.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

await using plane = await RunningPlane.start({ settings: { access: { required: true } } })

async function ask(method: string, path: string, token: string | undefined, body?: object) {
  const response = await fetch(`${plane.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  return { status: response.status, text }
}

async function make(token: string, body: object): Promise<TokenMadeView> {
  const { status, text } = await ask('POST', '/v1/tokens', token, { reason: 'test', ...body })
  if (status !== 200) throw new Error(text)
  return JSON.parse(text) as TokenMadeView
}

const first = (await readFile(`${plane.store}-first-token`, 'utf8')).trim()
const admin = (await make(first, { name: 'root', role: 'admin' })).token
const tokens = new Map<Role, string>([['admin', admin]])
for (const role of ['operator', 'viewer'] as const) tokens.set(role, (await make(admin, { name: role, role })).token)

const urlOf = ({ path }: Operation) => path.replace(/:\w+/g, 'x1')

/** A body that nothing takes, so that whoever may do it does nothing. */
const bodyOf = ({ method }: Operation) => (method === 'GET' ? undefined : { nothing: 'of it' })

for (const role of roles) {
  await t.test(`${role}: is let do what its rows say, and is refused the rest`, async (t) => {
    for (const operation of matrix) {
      const { method } = operation
      const { status, text } = await ask(method, urlOf(operation), tokens.get(role), bodyOf(operation))
      const line = `${method} ${operation.path}: ${status}`
      t.not(status, 401, line)
      if (rolesFor(operation).includes(role)) t.notOk(status === 403 && /ACCESS_REFUSED/.test(text), line)
      else {
        t.equal(status, 403, line)
        t.match(text, 'ACCESS_REFUSED')
      }
    }
  })
}

await t.test('without a token there is nothing but what is open, and nobody hears what there is', async (t) => {
  const seen = new Set<string>()
  for (const operation of matrix) {
    const { method, needs } = operation
    const { status, text } = await ask(method, urlOf(operation), undefined, bodyOf(operation))
    const line = `${method} ${operation.path}: ${status}`
    if (needs === 'nothing') t.not(status, 401, line)
    else {
      t.equal(status, 401, line)
      seen.add(text)
    }
  }
  const { status, text } = await ask('GET', '/v1/no/such/thing', undefined)
  t.equal(status, 401)
  t.ok(seen.has(text), 'what is not there is answered as what is')
})

await t.test('who is known hears that there is nothing', async (t) => {
  for (const path of ['/v1/nothing', '/nothing', '/cluster/nothing', '/V1/status', '/v1/status/x/y/z']) {
    t.equal((await ask('GET', path, admin)).status, 404, path)
  }
})

await t.test('a token in an address is refused, whoever asks', async (t) => {
  for (const query of [`token=x`, `access_token=x`, `q=${admin}`, `a=1&api_key=2`, `x=hdlt1%2eabc`]) {
    const { status, text } = await ask('GET', `/v1/status?${query}`, admin)
    t.equal(status, 400, query)
    t.match(text, 'TOKEN_IN_QUERY')
  }
})

await t.test('the token of the first start makes one token, and is used up', async (t) => {
  t.equal((await ask('POST', '/v1/tokens', first, { name: 'two', role: 'admin', reason: 'x' })).status, 401)
  t.equal((await ask('GET', '/v1/status', first)).status, 401)
})

await t.test('nobody gives more than he has, and a token that was taken back counts no more', async (t) => {
  const some = await make(admin, { name: 'tokens only', permissions: ['tokens:write', 'fleet:read'] })
  const more = { name: 'more', role: 'operator', reason: 'x' }
  t.equal((await ask('POST', '/v1/tokens', some.token, more)).status, 403)
  const less = await make(some.token, { name: 'less', permissions: ['fleet:read'] })
  t.equal((await ask('GET', '/v1/nodes', less.token)).status, 200)
  t.equal((await ask('POST', `/v1/tokens/${less.id}/revoke`, admin, { reason: 'done' })).status, 200)
  t.equal((await ask('GET', '/v1/nodes', less.token)).status, 401)
})

await t.test('who is bound to a tenant sees nothing that is not its own', async (t) => {
  const bound = (await make(admin, { name: 'acme', role: 'operator', tenant: 'acme' })).token
  for (const operation of matrix) {
    const { status } = await ask(operation.method, urlOf(operation), bound, bodyOf(operation))
    if (operation.tenant === 'none') t.equal(status, 403, `${operation.method} ${operation.path}`)
  }
  t.match(JSON.parse((await ask('GET', '/v1/access', bound)).text), { tenant: 'acme', required: true })
})
