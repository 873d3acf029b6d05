import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { ZerviClient } from '#control-plane/zervi/client.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

/** Zervi's verify call, as its unified authentication answers it. */
const asked: string[] = []
let broken = false
const people: Readonly<Record<string, readonly string[]>> = {
  'register-4711': ['service:register'],
  'access-4711': ['service:access'],
  'boss-4711': ['admin', 'cluster:manage', 'service:register'],
}
const zervi = createHttp(async (request: IncomingMessage, response) => {
  for await (const _ of request);
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  asked.push(`${request.method} ${request.url} ${token}`)
  if (broken) return void response.writeHead(500).end()
  const permissions = people[token]
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(permissions ? { valid: true, data: { user_id: 7, permissions } } : { valid: false }))
}).listen(0, '127.0.0.1')
await once(zervi, 'listening')
t.teardown(() => {
  zervi.closeAllConnections()
  zervi.close()
})
const at = `http://127.0.0.1:${(zervi.address() as AddressInfo).port}`

await using plane = await RunningPlane.start({ settings: { zervi: { url: at } } })

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
  return { status: response.status, text: await response.text() }
}

const registration = {
  ...{ service_name: 'zervi-backend', service_type: 'auth', instance_id: 'zervi-backend-001' },
  ...{ node_id: 'alibaba-cloud', address: '10.0.0.1', port: 8080, metadata: {} },
}
const register = (token: string | undefined) => ask('POST', '/cluster/register', token, registration)

await t.test('a registration without the permission is 403, without a valid token 401', async (t) => {
  t.equal((await register(undefined)).status, 401)
  t.equal((await register('nonsense')).status, 401)
  t.equal((await register('access-4711')).status, 403)
  const { status } = await register('register-4711')
  t.ok(status === 200 || status === 201, `${status}`)
  t.equal((await ask('GET', '/cluster/services', 'access-4711')).status, 200)
  t.ok(asked.every((line) => line.startsWith('POST /api/auth/verify ')))
})

await t.test('each token is asked about once', async (t) => {
  const before = asked.length
  await Promise.all(Array.from({ length: 20 }, () => ask('GET', '/v1/nodes', 'access-4711')))
  t.equal(asked.length, before)
})

await t.test('nobody is an admin by it, whatever it says', async (t) => {
  const { text } = await ask('GET', '/v1/access', 'boss-4711')
  t.match(JSON.parse(text), { kind: 'vouched', name: 'zervi:7', role: null })
  t.notMatch(text, /tokens:|users:|identity:|audit:|store:/)
  for (const path of ['/v1/tokens', '/v1/users', '/v1/audit', '/v1/identity', '/v1/backup']) {
    t.equal((await ask('GET', path, 'boss-4711')).status, 403, path)
  }
})

await t.test('a token of ours is not shown to it', async (t) => {
  const before = asked.length
  t.equal((await register('hdlt1.aaaaaaaaaa.x')).status, 401)
  t.equal(asked.length, before)
})

await t.test(
  'while it does not answer nobody is let in by it who is not known, and a person hears of it',
  async (t) => {
    broken = true
    const { status, text } = await register('other-4711')
    t.equal(status, 503)
    t.match(text, 'VOUCHER_UNAVAILABLE')
    t.equal((await register('register-4711')).status < 300, true, 'whom it has vouched for goes on for a while')
    t.match((await ask('GET', '/v1/nodes', 'access-4711')).status, 200)
    t.notMatch(plane.output, /4711/)
    t.match(plane.output, /Zervi cannot be asked/)
    broken = false
  },
)

await t.test(
  'it is asked over TLS, and nobody else is believed to be it',
  { skip: await noCertificates() },
  async (t) => {
    await using folder = await temporaryFolder('zervi')
    const [own, other] = [
      await certificate(folder.path, 'own', ['localhost']),
      await certificate(folder.path, 'other', ['localhost']),
    ]
    let seen = 0
    const options = { cert: await readFile(own.cert), key: await readFile(own.key) }
    const server = createServer(options, (_request, response) => {
      seen += 1
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}')
    }).listen(0, 'localhost')
    await once(server, 'listening')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}`
    const settings = { url, token_file: undefined, timeout: 10_000 }
    using right = new ZerviClient({ ...settings, ca_file: own.cert })
    t.match(await right.ask({ method: 'POST', path: '/verify', token: 'x' }), { kind: 'answered', status: 302 })
    using wrong = new ZerviClient({ ...settings, ca_file: other.cert })
    t.match(await wrong.ask({ method: 'POST', path: '/verify', token: 'x' }), { kind: 'failed' })
    t.match(await right.ask({ method: 'POST', path: '@elsewhere:1/', token: 'x' }), { kind: 'failed' })
    t.equal(seen, 1)
  },
)
