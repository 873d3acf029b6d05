import t from 'tap'
import { startTellingInstance } from '#test/support/agents/telling-instance.ts'
import { Issuer } from '#test/support/authorizer/issuer.ts'
import { TokenService } from '#test/support/authorizer/token-service.ts'
import { programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const issuer = 'https://issuer.test'
const check = { kind: 'http', interval: '1s' }

await t.test('a real Nginx lets in whom the agent beside it lets in, and nobody else', async (t) => {
  await using crm = await startTellingInstance()
  await using service = await new TokenService().start()
  const keys = new Issuer(issuer).add('a')
  service.keys = { body: keys.keySet() }
  service.verify = (header) =>
    header === 'Bearer opaque' ? { body: '{"code": 0, "data": {"user_id": 42}}' } : { status: 401 }
  const [port = 0, proof = 0, authorizer = 0] = await freePorts(3)
  await using plane = await RunningPlane.start({
    declaration: `
gateways:
  edge:
    proxy: nginx
    authorizer: 127.0.0.1:${authorizer}
    listeners: [{ address: 127.0.0.1, port: ${port} }]
authentication:
  users:
    jwt: { issuer: '${issuer}', keys: { service: zervi-auth, path: /keys } }
  zervi:
    external: { service: zervi-auth, path: /verify, cache: 0s }
routes:
  - { prefix: /api, service: crm, path: keep, auth: users, permissions: [cluster:manage] }
  - { prefix: /old, service: crm, path: keep, auth: zervi }
  - { prefix: /open, service: crm, path: keep }
`,
  })
  const services = [
    { name: 'crm', port: crm.port, checks: [check] },
    { name: 'zervi-auth', port: service.port, checks: [{ ...check, interval: '10m' }] },
  ]
  const gateway = { name: 'edge', managed: true, run: true, binary: programOf('nginx'), reloads_per_minute: 600 }
  const gateways = [{ ...gateway, proof: `127.0.0.1:${proof}` }]
  const authorizers = [{ gateway: 'edge', listen: `127.0.0.1:${authorizer}` }]
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more: { gateways, authorizers } })

  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(10_000) })
    await response.arrayBuffer()
    return response.status
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const manager = bearer(keys.token({ permissions: ['cluster:manage'] }))
  const opens = () => ask('/open')
  await waitFor(opens, { what: 'the gateway', withinMs, until: (status) => status === 200, everyMs: 50 })
  const passes = () => ask('/api/x', manager)
  await waitFor(passes, { what: 'the first token', withinMs, until: (status) => status === 200, everyMs: 50 })
  crm.seen.length = 0

  t.equal(await ask('/api/x', { ...manager, 'x-heddle-subject': 'root' }), 200)
  t.equal(await ask('/old', { ...bearer('opaque'), 'x-heddle-subject': 'root' }), 200)
  t.equal(await ask('/open', { ...manager, 'x-heddle-subject': 'root' }), 200)
  t.strictSame(
    crm.seen.map((headers) => headers['x-heddle-subject']),
    ['li', '42', undefined],
  )
  const forged = { 'x-heddle-permissions': '', 'x-heddle-authenticator': 'zervi', ...bearer('opaque') }
  for (const [status, path, headers] of [
    [403, '/api/x', bearer(keys.token())],
    [401, '/api/x', {}],
    [401, '/api/x', bearer(new Issuer(issuer).add('a').token({ permissions: ['cluster:manage'] }))],
    [401, '/api/x', forged],
    [401, '/old', manager],
    [401, '/old', {}],
  ] as const) {
    t.equal(await ask(path, headers), status, `${path} ${JSON.stringify(headers)}`)
  }

  service.verify = () => ({ status: 500 })
  t.equal(await ask('/old', bearer('opaque')), 503)
  t.equal(crm.seen.length, 3, 'the instance was asked by those that passed, and no others')
  t.match(JSON.parse(await agent.page('/health')).authorizers, [{ gateway: 'edge', unknown: [] }])
})
