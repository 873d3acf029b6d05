import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { noToken, tooLarge } from '#control-plane/routing/answers.ts'
import { proxies } from '#test/support/platform/declaration.ts'
import { arrivedIn, eachProxy, said } from '#test/support/platform/each-proxy.ts'
import { noPlatform, Platform } from '#test/support/platform/platform.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const skip = await noPlatform()

await t.test('who comes in, with what, and what is told of it holds alike in both proxies', { skip }, async (t) => {
  await using platform = await Platform.start()
  const user = platform.bearer()
  const each = eachProxy(t)
  // Envoy writes its log every few seconds; what becomes of these is looked at in the end.
  for (const proxy of proxies) {
    const logged = { 'x-request-id': `logged-${proxy}`, 'x-forwarded-for': '203.0.113.9', 'user-agent': 'test/1' }
    const headers = { ...user, ...logged, host: 'api.platform.example' }
    await platform.ask(proxy, '/api/jobs/8?x=1', { listener: 'client-b', headers })
  }

  await each('the instance is told whose token it is, and by which client it came', async (t, proxy) => {
    const forged = { 'x-heddle-subject': 'root', 'x-client-id': 'client-z', x_client_id: 'client-z' }
    for (const listener of ['client-a', 'client-b', 'client-c', 'client-d']) {
      const { headers } = arrivedIn(
        await platform.ask(proxy, '/api/companies', { listener, headers: { ...user, ...forged } }),
      )
      t.match(headers, { 'x-heddle-subject': 'li', 'x-client-id': listener })
      t.notOk('x_client_id' in headers)
    }
    const good = { authorization: 'Bearer good', ...forged }
    const external = arrivedIn(await platform.ask(proxy, '/api/services/a', { headers: good }))
    t.match(external.headers, { 'x-heddle-subject': 'user-7' })
    const open = arrivedIn(await platform.ask(proxy, '/api/auth/a', { headers: forged }))
    t.notOk('x-heddle-subject' in open.headers)
  })

  await each('a token that was tampered with, is over or of somebody else is none', async (t, proxy) => {
    const past = Math.floor(Date.now() / 1000) - 600
    for (const headers of [
      { authorization: `${user.authorization.slice(0, -4)}AAAA` },
      platform.bearer({ exp: past }),
      platform.bearer({ aud: 'others' }),
      platform.bearer({ iss: 'https://else.example' }),
    ]) {
      t.strictSame(said(await platform.ask(proxy, '/api/companies', { headers })), noToken)
    }
  })

  await each('a request keeps its id and its trace from end to end', async (t, proxy) => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b', b3: '0' }
    const answer = await platform.ask(proxy, '/api/companies', {
      headers: { ...user, ...trace, 'x-request-id': 'given-1' },
    })
    t.match(arrivedIn(answer).headers, { ...trace, 'x-request-id': 'given-1' })
    t.equal(answer.headers['x-request-id'], 'given-1')
    const made = await platform.ask(proxy, '/api/companies', { headers: user })
    t.match(made.headers['x-request-id'], /^[0-9a-f-]{32,36}$/)
    t.equal(arrivedIn(made).headers['x-request-id'], made.headers['x-request-id'])
  })

  await each('headers are set and taken off as a route says', async (t, proxy) => {
    const headers = { ...user, cookie: 'a=b', 'x-tenant': 'mine' }
    const { headers: seen } = arrivedIn(await platform.ask(proxy, '/api/templates/a', { headers }))
    t.match(seen, { 'x-tenant': 'platform', cookie: undefined })
    const company = await platform.ask(proxy, '/api/companies', { headers })
    t.match(company.headers, { 'cache-control': 'no-store', 'x-powered-by': undefined })
    t.match(arrivedIn(company).headers, { 'x-tenant': 'mine', cookie: 'a=b' })
    t.match((await platform.ask(proxy, '/api/templates/a', { headers })).headers, { 'x-powered-by': 'the platform' })
  })

  await each('pages of the platform may ask, others may not', async (t, proxy) => {
    const preflight = (origin: string, method: string) => ({
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' },
    })
    const page = 'https://app.platform.example'
    for (const method of ['GET', 'DELETE']) {
      const { status, headers } = await platform.ask(proxy, '/api/companies/7', preflight(page, method))
      t.match(status, /^20[04]$/)
      t.match(headers, {
        'access-control-allow-origin': page,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': /DELETE/,
        'access-control-allow-headers': /authorization/,
      })
    }
    const other = await platform.ask(proxy, '/api/companies/7', preflight('https://else.example', 'GET'))
    t.notOk('access-control-allow-origin' in other.headers)
    const refused = await platform.ask(proxy, '/api/companies', { headers: { origin: page } })
    t.match(
      refused,
      { status: 401, headers: { 'access-control-allow-origin': page } },
      'a page can read why it may not',
    )
  })

  await each('a body that is too large is refused, whether its length is told or not', async (t, proxy) => {
    const most = 256 * 1024
    const send = (bytes: number) =>
      platform.ask(proxy, '/api/templates/a', { method: 'POST', headers: user, body: 'x'.repeat(bytes) })
    t.match(arrivedIn(await send(most)).body, [most, String])
    t.strictSame(said(await send(most + 1)), tooLarge)
  })

  await each('the gateways answer by themselves what leads to no service', async (t, proxy) => {
    const signIn = await platform.ask(proxy, '/login?next=%2Fa')
    t.match(signIn, {
      status: 302,
      headers: { location: /^https:\/\/auth\.zervi\.example(:\d+)?\/sign-in\?next=%2Fa$/ },
    })
    t.match(await platform.ask(proxy, '/robots.txt'), { status: 200, body: 'User-agent: *\nDisallow: /\n' })
    t.equal((await platform.ask(proxy, '/healthz')).status, 200)
  })

  await each('the client is who the balancers in front say', async (t, proxy) => {
    const forwarded = { 'x-forwarded-for': '1.2.3.4, 203.0.113.9, 10.1.1.1' }
    const { headers } = arrivedIn(await platform.ask(proxy, '/api/auth/a', { headers: forwarded }))
    t.equal(headers['x-real-ip'], '203.0.113.9')
    const socket = connect(platform.placed.ports[proxy].balanced ?? 0, '127.0.0.1')
    socket.write(
      'PROXY TCP4 203.0.113.7 192.0.2.1 5000 80\r\nGET /api/auth/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    )
    t.match(await text(socket), /"x-real-ip":"203\.0\.113\.7"/)
  })

  await each('the log has a line for each request, in the same words', async (t, proxy) => {
    const line = async () => {
      const lines = (await readFile(platform.placed.logs[proxy], 'utf8')).split('\n')
      const found = lines.find((each) => each.includes(`logged-${proxy}`))
      return found === undefined ? undefined : JSON.parse(found)
    }
    const logged = await waitFor(line, { what: 'the line', withinMs, until: (found) => found !== undefined })
    t.match(logged, {
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/,
      level: 'info',
      message: 'GET /api/jobs/8?x=1',
      service: 'job-service',
      request_id: `logged-${proxy}`,
      user_id: 'li',
      at_s: /^\d+\.\d{3}$/,
      gateway: proxy === 'envoy' ? 'edge' : 'edge-nginx',
      route: 'job',
      client: '203.0.113.9',
      client_id: 'client-b',
      method: 'GET',
      host: 'api.platform.example',
      path: '/api/jobs/8?x=1',
      protocol: 'HTTP/1.1',
      status: 200,
      bytes: Number,
      duration_ms: Number,
      user_agent: 'test/1',
    })
  })

  await t.test('each client has counters of its own', async (t) => {
    const counters = await platform.envoy.stats('^http\\.client-[ab]\\.downstream_rq_2xx$')
    for (const client of ['client-a', 'client-b']) {
      t.ok((counters.get(`http.${client}.downstream_rq_2xx`) ?? 0) > 0, client)
    }
  })
})
