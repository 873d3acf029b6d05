import t from 'tap'
import { cannotCheck, noPermission, noToken, type OwnAnswer } from '#control-plane/routing/answers.ts'
import type { Access, Authenticator, Route } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { TokenIssuer } from '#test/support/authorizer/tokens.ts'
import { envoySetOf } from '#test/support/envoy-files.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { freePort } from '#test/support/ports.ts'
import { type Asking, askFully, type FullAnswer, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startRouted } from '#test/support/routing/routed.ts'
import { waitFor } from '#test/support/wait.ts'

const portOf = (url: string) => Number(new URL(url).port)
const said = ({ status, headers, body }: FullAnswer) => ({ status, contentType: headers['content-type'], body })
const same = ({ status, contentType, body }: OwnAnswer) => ({ status, contentType, body })

function asking(
  authenticator: string,
  permissions: readonly string[] = [],
): { readonly policy: { readonly access: Access } } {
  return { policy: { access: { kind: 'required', authenticator, permissions } } }
}

function people(issuer: TokenIssuer, refreshMs = 1000): Authenticator {
  const keys = { service: 'keys', path: '/jwks.json', refreshMs }
  const { issuer: name } = issuer
  return {
    kind: 'jwt',
    name: 'people',
    source: 'a.yaml:1',
    permissionsClaim: 'permissions',
    issuer: name,
    audiences: ['heddle'],
    keys,
  }
}

const zervi: Authenticator = {
  kind: 'external',
  name: 'zervi',
  source: 'a.yaml:2',
  permissionsClaim: 'permissions',
  service: 'verify',
  path: '/verify',
  timeoutMs: 1000,
  cacheMs: 0,
}

await t.test('tokens are checked by a key set of the fleet, which may rotate', async (t) => {
  const port = await freePort()
  const issuer = new TokenIssuer()
  const keys = await answering(t, issuer.serve)
  const routes: readonly Route[] = [
    plainRoute('/open', 's'),
    plainRoute('/mine', 's', asking('people')),
    plainRoute('/manage', 's', asking('people', ['cluster:manage', 'read'])),
    plainRoute('/said', 's', {
      ...asking('people'),
      action: { kind: 'answer', status: 200, contentType: 'text/plain', body: 'said' },
    }),
    plainRoute('/nobody', 's', asking('unknown')),
  ]
  const services = { s: await seeing(t, 's'), keys: [plainEndpoint(portOf(keys))] }
  await serving(t, plainTable(port, routes, services, { authenticators: [people(issuer)] }))
  const ask = (path: string, headers: Asking['headers'] = {}, method = 'GET') =>
    askFully(port, path, { headers, method })
  await waitFor(() => ask('/mine', issuer.bearer()), {
    what: 'the key set',
    withinMs: 20_000,
    until: ({ status }) => status === 200,
  })

  await t.test('the instance is told whose token it was, and gets the token', async (t) => {
    const token = issuer.bearer()
    const forged = {
      'x-heddle-subject': 'root',
      X_Heddle_Subject: 'root',
      'x-client-id': 'web',
      'x-heddle-authenticator': 'a',
    }
    const { headers } = seenIn(await ask('/mine/x', { ...token, ...forged }))
    t.match(headers, { 'x-heddle-subject': 'user-7', authorization: token.authorization })
    const open = seenIn(await ask('/open', { ...token, ...forged })).headers
    for (const name of ['x-heddle-subject', 'x_heddle_subject', 'x-client-id', 'x-heddle-authenticator']) {
      t.equal(open[name], undefined, name)
    }
    t.equal((await ask('/said', token)).body, 'said')
  })

  await t.test('what is no valid token is answered 401', async (t) => {
    const other = new TokenIssuer()
    const second = Math.floor(Date.now() / 1000)
    for (const [what, headers] of [
      ['none', {}],
      ['not a token', { authorization: 'Bearer nonsense' }],
      ['another way', { authorization: 'Basic dTpw' }],
      ['of another key', other.bearer()],
      ['of another issuer', issuer.bearer({ iss: 'https://else' })],
      ['for another audience', issuer.bearer({ aud: 'others' })],
      ['ended', issuer.bearer({ exp: second - 120 })],
      ['not yet valid', issuer.bearer({ nbf: second + 600 })],
      ['without a signature', { authorization: `Bearer ${issuer.token().replace(/[^.]*$/, '')}` }],
    ] as const) {
      for (const path of ['/mine', '/manage', '/said']) {
        const answer = await ask(path, headers)
        t.strictSame(said(answer), same(noToken), `${what}: ${path}`)
        t.equal(answer.headers['www-authenticate'], 'Bearer')
      }
    }
    t.strictSame(said(await ask(`/mine?access_token=${issuer.token()}`)), same(noToken), 'in the query')
    t.strictSame(said(await ask('/mine', {}, 'POST')), same(noToken))
    t.strictSame(said(await ask('/mine', {}, 'OPTIONS')), same(noToken))
  })

  await t.test('a connection that is to become a WebSocket shows its token like any other', async (t) => {
    const upgrade = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    t.strictSame(said(await ask('/mine', upgrade)), same(noToken))
    t.strictSame(said(await ask('/manage', { ...upgrade, ...issuer.bearer() })), same(noPermission))
    t.equal((await ask('/mine', { ...upgrade, ...issuer.bearer() })).status, 200)
  })

  await t.test('permissions are taken from the claim as a list or as a text', async (t) => {
    const status = async (permissions: unknown) => said(await ask('/manage', issuer.bearer({ permissions })))
    for (const good of [['read', 'cluster:manage', 'x'], 'cluster:manage read', 'x  read cluster:manage']) {
      t.match(await status(good), { status: 200 }, JSON.stringify(good))
    }
    for (const bad of [
      ['read'],
      'cluster:managers read',
      ['cluster:manage read'],
      [],
      '',
      undefined,
      7,
      { read: true },
    ]) {
      t.strictSame(await status(bad), same(noPermission), JSON.stringify(bad))
    }
  })

  await t.test('a route whose authenticator nobody knows lets nobody in', async (t) => {
    t.strictSame(said(await ask('/nobody', issuer.bearer())), same(cannotCheck))
  })

  await t.test('a new key is known before long, and the old one no longer', async (t) => {
    const old = issuer.bearer()
    issuer.rotate()
    const rotated = async () => {
      const [now, before] = [await ask('/mine', issuer.bearer()), await ask('/mine', old)]
      return now.status === 200 && before.status === 401
    }
    await waitFor(rotated, { what: 'the new key set', withinMs: 20_000, everyMs: 100 })
    t.pass()
  })

  await t.test('while the key set cannot be had, the last one counts', async (t) => {
    issuer.broken = true
    const { asked } = issuer
    await waitFor(() => issuer.asked, { what: 'two attempts', withinMs: 20_000, until: (now) => now >= asked + 2 })
    t.equal((await ask('/mine', issuer.bearer())).status, 200)
  })
})

await t.test('without a key set nobody can tell, and nobody is let in', async (t) => {
  const port = await freePort()
  const issuer = new TokenIssuer()
  const services = { s: await seeing(t, 's'), keys: [plainEndpoint(await freePort())] }
  await serving(
    t,
    plainTable(port, [plainRoute('/', 's', asking('people'))], services, { authenticators: [people(issuer)] }),
  )
  t.strictSame(said(await askFully(port, '/', { headers: issuer.bearer() })), same(cannotCheck))
  t.strictSame(said(await askFully(port, '/')), same(noToken))
  for (const nonsense of ['nonsense', '{}', '{"keys":7}', '{"keys":[]}']) {
    const url = await answering(t, (_, response) => response.end(nonsense))
    const at = await freePort()
    const routes = [plainRoute('/', 's', asking('people'))]
    const unread = { ...services, keys: [plainEndpoint(portOf(url))] }
    await serving(t, plainTable(at, routes, unread, { authenticators: [people(issuer)] }))
    t.strictSame(said(await askFully(at, '/', { headers: issuer.bearer() })), same(cannotCheck), nonsense)
  }
})

await t.test('the agent beside the proxy is asked about tokens that others check', async (t) => {
  const [port, authorizer] = [await freePort(), await freePort()]
  const questions: { readonly url: string | undefined; readonly headers: Readonly<Record<string, unknown>> }[] = []
  const agent = await answering(t, ({ url, headers }, response) => {
    questions.push({ url, headers })
    const status = { 'Bearer good': 200, 'Bearer weak': 403, 'Bearer broken': 503, 'Bearer odd': 500 }[
      headers.authorization ?? ''
    ]
    response.writeHead(status ?? 401, { 'x-heddle-subject': 'user-9', 'x-else': 'no' }).end('in its own words')
  })
  const routes = [
    plainRoute('/open', 's'),
    plainRoute('/mine', 's', asking('zervi')),
    plainRoute('/manage', 's', asking('zervi', ['a:b', 'c'])),
  ]
  const services = { s: await seeing(t, 's'), verify: [] }
  const table = (at: number) =>
    plainTable(port, routes, services, { authenticators: [zervi], authorizer: `127.0.0.1:${at}` })
  const envoy = await serving(t, table(portOf(agent)))
  const ask = (path: string, authorization?: string, method = 'GET') =>
    askFully(port, path, {
      method,
      headers: authorization === undefined ? {} : { authorization, 'x-heddle-permissions': 'x' },
    })

  const passed = await ask('/manage/x?a=b', 'Bearer good', 'POST')
  t.match(seenIn(passed), {
    url: '/manage/x?a=b',
    method: 'POST',
    headers: { 'x-heddle-subject': 'user-9', authorization: 'Bearer good' },
  })
  t.equal(seenIn(passed).headers['x-else'], undefined)
  t.equal(questions.length, 1)
  t.equal(questions[0]?.url, '/authorize')
  t.match(questions[0]?.headers, {
    'x-heddle-gateway': 'edge',
    'x-heddle-authenticator': 'zervi',
    'x-heddle-permissions': 'a:b c',
    authorization: 'Bearer good',
  })
  t.strictSame(said(await ask('/mine', 'Bearer bad')), same(noToken))
  t.strictSame(said(await ask('/mine')), same(noToken))
  t.strictSame(said(await ask('/mine', 'Bearer weak')), same(noPermission))
  t.strictSame(said(await ask('/mine', 'Bearer broken')), same(cannotCheck))
  t.strictSame(said(await ask('/mine', 'Bearer odd')), same(cannotCheck))
  const upgrade = { connection: 'upgrade', upgrade: 'websocket' }
  t.strictSame(
    said(await askFully(port, '/mine', { headers: { ...upgrade, authorization: 'Bearer bad' } })),
    same(noToken),
  )
  t.strictSame(
    said(await askFully(port, '/mine', { headers: { ...upgrade, authorization: 'Bearer weak' } })),
    same(noPermission),
  )
  const before = questions.length
  t.equal((await ask('/open', 'Bearer bad')).status, 200)
  t.equal(questions.length, before, 'an open route asks nobody')
  await envoy.stop()

  await serving(t, table(authorizer))
  t.strictSame(said(await ask('/mine', 'Bearer good')), same(cannotCheck), 'nobody answers there')
})

await t.test('by the stream, everything that was declared holds as well', async (t) => {
  await using routed = await startRouted('')
  const issuer = new TokenIssuer()
  const { port: instance } = await routed.server((request, response) => {
    response.end(JSON.stringify({ name: 's', url: request.url, headers: request.headers }))
  })
  const { port: keys } = await routed.server(issuer.serve)
  const { port: agent } = await routed.server(({ headers }, response) => {
    response.writeHead(headers.authorization === 'Bearer good' ? 200 : 401, { 'x-heddle-subject': 'user-9' }).end()
  })
  await routed.declareAll(`
gateways:
  edge:
    proxy: envoy
    authorizer: 127.0.0.1:${agent}
    health_path: /healthz
    trusted_proxies: [127.0.0.1]
    listeners: [{ address: 127.0.0.1, port: ${routed.port}, client: web }]
clients: { web: { rate: { requests: 1000/s, by: address } } }
authentication:
  people: { jwt: { issuer: "${issuer.issuer}", audiences: [heddle], keys: { service: keys, path: /jwks.json, refresh: 1s } } }
  zervi: { external: { service: keys, path: /verify } }
routes:
  - { prefix: /manage, service: s, path: keep, auth: people, permissions: [read, "cluster:manage"], max_body: 1kb }
  - { prefix: /asked, service: s, path: strip, auth: zervi, permissions: [read], rate: { requests: 100/s } }
  - { template: "/v1/users/{id}", service: "s*", path: { rewrite: "/users/{id}" }, clients: [web], hosts: ["*.example.com"] }
  - { exact: /hi, answer: { status: 404, body: none }, headers: { x-cohort: a }, cors: { origins: ["*"] } }
`)
  routed.world.add('s', instance)
  routed.world.add('keys', keys)
  routed.world.fleet.markComplete()
  await routed.envoy()
  const ask = (path: string, asking?: Asking) => askFully(routed.port, path, asking)
  const good = () => ({ headers: issuer.bearer({ permissions: 'read cluster:manage' }) })
  await waitFor(() => ask('/manage', good()), {
    what: 'the key set',
    withinMs: 20_000,
    until: ({ status }) => status === 200,
  })
  t.match(seenIn(await ask('/manage', good())).headers, { 'x-heddle-subject': 'user-7', 'x-client-id': 'web' })
  t.strictSame(said(await ask('/manage')), same(noToken))
  t.strictSame(said(await ask('/manage', { headers: issuer.bearer({ permissions: ['read'] }) })), same(noPermission))
  t.equal((await ask('/manage', { ...good(), method: 'POST', body: 'x'.repeat(1025) })).status, 413)
  const asked = seenIn(await ask('/asked/x', { headers: { authorization: 'Bearer good' } }))
  t.match(asked, { url: '/x', headers: { 'x-heddle-subject': 'user-9' } })
  t.strictSame(said(await ask('/asked/x', { headers: { authorization: 'Bearer bad' } })), same(noToken))
  t.equal(seenIn(await ask('/v1/users/7/', { headers: { host: 'api.example.com' } })).url, '/users/7')
  t.match(await ask('/hi', { headers: { 'x-cohort': 'a, b' } }), { status: 404, body: 'none' })
  t.equal((await ask('/healthz')).status, 200)
  const figures = routed.routing.sinks()[0]?.status()
  t.match(figures, { state: 'following', figures: { rejections: 0 } })
})

await t.test('by files from the agent, the same holds', async (t) => {
  const port = await freePort()
  const issuer = new TokenIssuer()
  const agent = await answering(t, ({ headers }, response) => {
    response.writeHead(headers.authorization === 'Bearer good' ? 200 : 401).end()
  })
  const keys = await answering(t, issuer.serve)
  const services = { s: await seeing(t, 's'), keys: [plainEndpoint(portOf(keys))], verify: [] }
  const routes = [plainRoute('/mine', 's', asking('people', ['read'])), plainRoute('/asked', 's', asking('zervi'))]
  const authenticators = [people(issuer), zervi]
  const authorizer = `127.0.0.1:${portOf(agent)}`
  await using gateway = await startEnvoyGateway()
  const outcome = await gateway.serve(envoySetOf(plainTable(port, routes, services, { authenticators, authorizer })))
  t.strictSame(outcome.quarantined, [])
  const ask = (path: string, headers: Asking['headers'] = {}) => askFully(port, path, { headers })
  await waitFor(() => ask('/mine', issuer.bearer({ permissions: ['read'] })), {
    what: 'the key set',
    withinMs: 20_000,
    until: ({ status }) => status === 200,
  })
  t.strictSame(said(await ask('/mine')), same(noToken))
  t.strictSame(said(await ask('/mine', issuer.bearer())), same(noPermission))
  t.equal((await ask('/asked', { authorization: 'Bearer good' })).status, 200)
  t.strictSame(said(await ask('/asked', { authorization: 'Bearer bad' })), same(noToken))
})
