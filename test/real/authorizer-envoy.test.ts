import t from 'tap'
import { startTellingInstance } from '#test/support/agents/telling-instance.ts'
import { askAuthorizer } from '#test/support/authorizer/ask-authorizer.ts'
import { encoded, Issuer, type IssuerAlgorithm } from '#test/support/authorizer/issuer.ts'
import { TokenService } from '#test/support/authorizer/token-service.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const issuer = 'https://issuer.test'
const check = { kind: 'http', interval: '1s' }
const algorithms: readonly IssuerAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const permission = 'cluster:manage'

/** Tokens of all kinds, each with what must become of it. */
function tokensOf(
  keys: Issuer,
): readonly (readonly [name: string, status: number, authorization: string | undefined])[] {
  const now = Math.floor(Date.now() / 1000)
  const good = { aud: 'api', permissions: [permission] }
  const token = (claims: object, more: Parameters<Issuer['token']>[1] = {}) =>
    `Bearer ${keys.token({ ...good, ...claims }, more)}`
  const stranger = new Issuer(issuer).add('ES256')
  return [
    ...algorithms.map((kid) => [kid, 200, token({}, { kid })] as const),
    ['without a kid', 200, token({}, { header: { kid: undefined } })],
    ['with two permissions', 200, token({ permissions: ['a', permission] })],
    ['with permissions in a text', 200, token({ permissions: `a ${permission} b` })],
    ['with another permission', 403, token({ permissions: ['cluster:manage2', 'cluster'] })],
    ['with part of a text', 403, token({ permissions: 'xcluster:manage' })],
    ['with permissions that are none', 403, token({ permissions: { [permission]: true } })],
    ['without permissions', 403, token({ permissions: undefined })],
    ['for several', 200, token({ aud: ['else', 'api'] })],
    ['for a URL', 200, token({ aud: 'https://api/' })],
    ['for somebody else', 401, token({ aud: 'else' })],
    ['for nobody', 401, token({ aud: undefined })],
    ['without an end', 200, token({ exp: undefined })],
    ['that ended within the leeway', 200, token({ exp: now - 20 })],
    ['that ended', 401, token({ exp: now - 120 })],
    ['that begins within the leeway', 200, token({ nbf: now + 20 })],
    ['that begins later', 401, token({ nbf: now + 600 })],
    ['of another issuer', 401, token({ iss: 'https://else.test' })],
    ['of no issuer', 401, token({ iss: undefined })],
    ['without a subject', 200, token({ sub: undefined })],
    ['whose subject is a number', 401, token({ sub: 5 })],
    ['whose end is a text', 401, token({ exp: '5' })],
    ['of another key by this name', 401, `Bearer ${stranger.token(good, { kid: 'ES256' })}`],
    ['of an unknown key', 401, token({}, { kid: 'ES256', header: { kid: 'none' } })],
    ['by another algorithm', 401, token({}, { kid: 'RS256', header: { alg: 'RS512' } })],
    ['by none', 401, `Bearer ${encoded({ alg: 'none' })}.${encoded({ iss: issuer, ...good })}.`],
    ['that is cut', 401, token({}).slice(0, -10)],
    ['that is none', 401, 'Bearer opaque'],
    ['without a scheme', 401, token({}).slice('Bearer '.length)],
    ['in lower case', 401, token({}).replace('Bearer', 'bearer')],
    ['after spaces', 200, token({}).replace('Bearer ', 'Bearer   ')],
    ['that is not there', 401, undefined],
  ]
}

await t.test('an Envoy and the agent beside it make the same of tokens', async (t) => {
  await using crm = await startTellingInstance()
  await using service = await new TokenService().start()
  const keys = new Issuer(issuer)
  for (const algorithm of algorithms) keys.add(algorithm, algorithm)
  service.keys = { body: keys.keySet() }
  service.verify = (header) =>
    header === 'Bearer opaque' ? { body: '{"valid": true, "data": {"user_id": 42}}' } : { status: 401 }
  const [port = 0, authorizer = 0] = await freePorts(2)
  await using plane = await RunningPlane.start({
    declaration: `
gateways:
  edge:
    proxy: envoy
    authorizer: 127.0.0.1:${authorizer}
    listeners: [{ address: 127.0.0.1, port: ${port} }]
authentication:
  users:
    jwt: { issuer: '${issuer}', audiences: [api], keys: { service: zervi-auth, path: /keys } }
  zervi:
    external: { service: zervi-auth, path: /verify, cache: 0s }
routes:
  - { prefix: /api, service: crm, path: keep, auth: users, permissions: ['${permission}'] }
  - { prefix: /old, service: crm, path: keep, auth: zervi }
`,
  })
  const services = [
    { name: 'crm', port: crm.port, checks: [check] },
    { name: 'zervi-auth', port: service.port, checks: [{ ...check, interval: '10m' }] },
  ]
  const more = { authorizers: [{ gateway: 'edge', listen: `127.0.0.1:${authorizer}` }] }
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more })
  await using _envoy = await startXdsEnvoy(plane.xdsPort)

  const ask = async (path: string, authorization: string | undefined) => {
    const headers = { 'x-heddle-subject': 'root', ...(authorization === undefined ? {} : { authorization }) }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(10_000) })
    await response.arrayBuffer()
    return response.status
  }
  const table = tokensOf(keys)
  const passes = async () => {
    const first = table[0]?.[2]
    const answer = await askAuthorizer({ port: authorizer, permissions: permission, authorization: first ?? '' })
    return [await ask('/api/x', first), answer.status, await ask('/old', 'Bearer opaque')].join()
  }
  await waitFor(passes, { what: 'the first token', withinMs, until: (seen) => seen === '200,200,200', everyMs: 50 })
  for (const [name, status, authorization] of table) {
    const asked = {
      port: authorizer,
      permissions: permission,
      ...(authorization === undefined ? {} : { authorization }),
    }
    const { status: byAgent } = await askAuthorizer(asked)
    t.strictSame({ envoy: await ask('/api/x', authorization), agent: byAgent }, { envoy: status, agent: status }, name)
  }

  crm.seen.length = 0
  t.equal(await ask('/old', 'Bearer opaque'), 200)
  t.equal(await ask('/old', 'Bearer other'), 401)
  service.verify = () => 'cut'
  t.equal(await ask('/old', 'Bearer opaque'), 503)
  await agent.stop()
  t.equal(await ask('/old', 'Bearer opaque'), 503)
  t.strictSame(
    crm.seen.map((headers) => [headers[':path'], headers['x-heddle-subject']]),
    [['/old', '42']],
  )
})
