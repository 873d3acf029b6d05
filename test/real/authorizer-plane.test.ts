import t from 'tap'
import { type AuthorizerQuestion, askAuthorizer } from '#test/support/authorizer/ask-authorizer.ts'
import { Issuer } from '#test/support/authorizer/issuer.ts'
import { TokenService } from '#test/support/authorizer/token-service.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const issuer = 'https://issuer.test'

function declaration(authorizer: number, claim = 'permissions'): string {
  return `
gateways:
  edge:
    proxy: nginx
    authorizer: 127.0.0.1:${authorizer}
    listeners: [{ address: 127.0.0.1, port: 18080 }]
authentication:
  users:
    jwt: { issuer: '${issuer}', permissions_claim: ${claim}, keys: { service: zervi-auth, path: /keys } }
  zervi:
    external: { service: zervi-auth, path: /verify, timeout: 5s, cache: 0s }
routes:
  - { prefix: /api, service: crm, path: keep, auth: users, permissions: [cluster:manage] }
  - { prefix: /old, service: crm, path: keep, auth: zervi }
`
}

await t.test('what is declared is what the agent checks, also without a plane', async (t) => {
  await using service = await new TokenService().start()
  const keys = new Issuer(issuer).add('a')
  service.keys = { body: keys.keySet() }
  service.verify = () => ({ body: '{"valid": true, "data": {"user_id": 42, "permissions": ["cluster:manage"]}}' })
  const port = await freePort()
  await using plane = await RunningPlane.start({ declaration: declaration(port) })
  const problems = async () => (await plane.get<{ problems: readonly string[] }>('/v1/status')).problems.join('\n')
  await waitFor(problems, { what: 'the gap', withinMs, until: (text) => /edge .*no agent checks them/.test(text) })

  const services = [{ name: 'zervi-auth', port: service.port, checks: [{ kind: 'http', interval: '300ms', fall: 1 }] }]
  const more = { authorizers: [{ gateway: 'edge', listen: `127.0.0.1:${port}` }] }
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more })
  const ask = async (question: Partial<AuthorizerQuestion>) => (await askAuthorizer({ port, ...question })).status
  const becomes = (status: number, question: Partial<AuthorizerQuestion>, what: string) =>
    waitFor(() => ask(question), { what, withinMs, until: (seen) => seen === status, everyMs: 50 })
  const manager = keys.token({ permissions: 'cluster:manage' })
  const permissions = 'cluster:manage'

  await becomes(200, { token: manager, permissions }, 'the first token')
  t.equal(await ask({ token: keys.token(), permissions }), 403)
  t.equal(await ask({ token: 'x', permissions }), 401)
  await becomes(200, { token: 'opaque', authenticator: 'zervi', permissions }, 'the answer of the service')
  t.notMatch(await problems(), /edge/)

  await t.test('it says so on its own pages', async (t) => {
    const health = JSON.parse(await agent.page('/health'))
    t.match(health.authorizers, [
      {
        gateway: 'edge',
        authenticators: [
          { name: 'users', kind: 'jwt', service: 'zervi-auth', endpoints: 1, keys: { keys: 1, age_ms: Number } },
          { name: 'zervi', kind: 'external', endpoints: 1 },
        ],
      },
    ])
    const metrics = await agent.page('/metrics')
    const users = 'gateway="edge",authenticator="users"'
    t.match(metrics, new RegExp(`answers_total{${users},answer="forbidden"} 1\n`))
    t.match(metrics, new RegExp(`answers_total{${users},answer="refused"} [1-9]`))
    t.match(metrics, new RegExp(`key_set_age_seconds{${users}} \\d`))
    for (const name of ['asked', 'cache_hits']) t.match(metrics, new RegExp(`authorizer_${name}_total{${users}} \\d`))
  })

  await t.test('another declaration counts at once', async (t) => {
    await plane.declare(declaration(port, 'scope'))
    await becomes(403, { token: manager, permissions }, 'the other claim')
    t.equal(await ask({ token: keys.token({ scope: 'a cluster:manage' }), permissions }), 200)
    await plane.declare(declaration(port))
    await becomes(200, { token: manager, permissions }, 'the claim before')
  })

  await t.test('a service that dies leaves keys behind, and no answers', async (t) => {
    await service.stop()
    const endpoints = async () =>
      JSON.parse(await agent.page('/health')).authorizers[0].authenticators[1].unable === 'no endpoint'
    await waitFor(endpoints, { what: 'its endpoint to go', withinMs, everyMs: 50 })
    t.equal(await ask({ token: 'opaque', authenticator: 'zervi' }), 503)
    t.equal(await ask({ token: keys.token({ permissions, jti: 'new' }), permissions }), 200)
    await service.start()
    await becomes(200, { token: 'opaque', authenticator: 'zervi' }, 'its coming back')
  })

  await t.test('an agent that starts without a plane goes on with what it knew', async (t) => {
    await plane.stop()
    await agent.kill()
    await agent.start()
    t.equal(await ask({ token: keys.token({ permissions }), permissions }), 200)
    t.equal(await ask({ token: 'opaque', authenticator: 'zervi' }), 200)
    await plane.start()
    await waitFor(problems, { what: 'the agent to be back', withinMs, until: (text) => !/edge/.test(text) })
    t.equal(await ask({ token: keys.token({ permissions }), permissions }), 200)
  })
})
