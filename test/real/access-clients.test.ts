import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { TokenMadeView } from '#shared/access/api.ts'
import { openClient } from '#shared/client/client.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

await using plane = await RunningPlane.start({ settings: { access: { lockout: { failures: 3 } } } })
const folder = dirname(plane.store)

function ask(method: string, path: string, token?: string, body?: object) {
  return fetch(`${plane.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  })
}

async function make(token: string | undefined, body: object): Promise<TokenMadeView> {
  const response = await ask('POST', '/v1/tokens', token, { reason: 'test', ...body })
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as TokenMadeView
}

await t.test('a plane on loopback is open until the first token is made, and closed from then on', async (t) => {
  t.match(plane.output, 'ACCESS_OPEN')
  t.equal((await ask('GET', '/v1/nodes')).status, 200)
  t.match(await (await ask('GET', '/v1/access')).json(), { kind: 'open', required: false })
  const { token } = await make(undefined, { name: 'anna', role: 'admin' })
  t.equal((await ask('GET', '/v1/nodes')).status, 401)
  t.equal((await ask('GET', '/v1/nodes', token)).status, 200)
  await plane.stop()
  await plane.start()
  t.equal((await ask('GET', '/v1/nodes')).status, 401, 'after a restart too')
  await writeFile(join(folder, 'admin'), token, { mode: 0o600 })
})

const admin = (await readFile(join(folder, 'admin'), 'utf8')).trim()

await t.test('a client registers with its token, and callers find it with theirs', async (t) => {
  const { token } = await make(admin, { name: 'crm', permissions: ['registry:read', 'registry:write'] })
  const server = createServer((_request, response) => response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const body = { service_name: 'crm', instance_id: 'crm-1', node_id: 'host-1', address: '127.0.0.1', port }
  t.equal((await ask('POST', '/cluster/register', undefined, body)).status, 401)
  const registered = await ask('POST', '/cluster/register', token, body)
  t.equal(registered.status, 201, await registered.text())
  t.equal((await ask('POST', '/v1/cluster/heartbeat/crm-1', token, { health: 'healthy' })).status, 200)
  t.equal((await ask('POST', '/cluster/import', token, {})).status, 403)
  t.equal((await ask('GET', '/v1/nodes', token)).status, 403)
  const reader = await make(admin, { name: 'shop', permissions: ['fleet:read'] })
  const tokenFile = join(folder, 'reader')
  await writeFile(tokenFile, `${reader.token}\n`, { mode: 0o600 })
  await using client = await openClient({ planes: [plane.url], tokenFile, services: ['crm'] })
  const called = () => client.call('crm', { timeoutMs: 2_000 }).catch(() => undefined)
  const answer = await waitFor(called, { what: 'an answer', withinMs: 20_000, until: (answer) => answer !== undefined })
  t.equal(String(answer?.body), 'hello')
})

await t.test('events that are followed end with the token', async (t) => {
  const made = await make(admin, { name: 'follower', role: 'viewer' })
  const follow = await ask('GET', '/v1/events?follow=true', made.token)
  t.equal(follow.status, 200)
  const ended = follow.text().then(
    () => 'ended',
    () => 'broken off',
  )
  t.equal((await ask('POST', `/v1/tokens/${made.id}/revoke`, admin, { reason: 'has left' })).status, 200)
  t.equal(await ended, 'broken off')
})

await t.test('who tries tokens is refused, and the audit says so', async (t) => {
  const [, id] = admin.split('.')
  const wrong = `hdlt1.${id}.${'A'.repeat(43)}`
  t.equal((await ask('GET', '/v1/nodes', wrong)).status, 401)
  t.equal((await ask('GET', '/v1/nodes', wrong)).status, 401)
  t.equal((await ask('GET', '/v1/nodes', wrong)).status, 401)
  const refused = await ask('GET', '/v1/nodes', admin)
  t.equal(refused.status, 429)
  t.ok(Number(refused.headers.get('retry-after')) > 800)
  const other = await make(undefined, { name: 'x', role: 'viewer' }).catch((error: Error) => error)
  t.match(other, /ACCESS_UNKNOWN/)
  const token = await readFile(join(folder, 'reader'), 'utf8')
  t.equal((await ask('GET', '/v1/nodes', token.trim())).status, 200, 'others of that address go on')
})

await t.test('a watcher hears without a token whether it lives, and nothing else', async (t) => {
  t.equal((await ask('GET', '/metrics')).status, 401)
  t.equal((await ask('GET', '/health')).status, 200)
})
