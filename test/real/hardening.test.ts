import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request as ask } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

const [plainPort = 0] = await freePorts(1)
await using plane = await RunningPlane.start({
  settings: {
    access: {
      required: true,
      rates: { reads: { per_second: 0.01, burst: 60 }, changes: { per_second: 0.01, burst: 20 } },
    },
    ingest: {
      clients: {
        plain: { port: plainPort, ranges: ['127.0.0.0/8'], services: ['*'], until: '2100-01-01' },
      },
    },
  },
})
const folder = dirname(plane.store)
const { port } = new URL(plane.url)
const socketPath = join(`${plane.store}-run`, 'admin.sock')

type Answer = { readonly status: number; readonly head: string; readonly body: string }

/** Says exactly this to a port or a socket, and hears all that comes until it is ended. */
async function say(text: string, to: number | string = Number(port)): Promise<Answer> {
  const socket = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1')
  socket.setEncoding('latin1')
  let heard = ''
  socket.on('data', (part) => {
    heard += part
  })
  socket.write(text)
  await new Promise<void>((resolve) => {
    const late = setTimeout(() => socket.destroy(), 20_000)
    // Whoever is cut off while he speaks gets an error before the end.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(late)
      resolve()
    })
  })
  const [head = '', ...body] = heard.split('\r\n\r\n')
  return {
    status: Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0),
    head: head.toLowerCase(),
    body: body.join('\r\n\r\n'),
  }
}

const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n\r\n`
const get = (path: string, host: string, ...more: readonly string[]) =>
  lines(`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...more)
const upgrade = (path: string, ...more: readonly string[]) =>
  lines(
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    ...more,
  )

plane.tokenFile = `${plane.store}-first-token`
const adminFile = join(folder, 'admin-token')
const made = await plane.heddle(...`token create anna --role admin --out ${adminFile} --reason first`.split(' '))
t.equal(made.code, 0, made.err)
plane.tokenFile = adminFile
const bearer = `Authorization: Bearer ${(await readFile(adminFile, 'utf8')).trim()}`

await t.test('under a name that a web page can have lead here nobody is answered, whatever he shows', async (t) => {
  for (const at of [Number(port), plainPort]) {
    for (const path of ['/health', '/v1/status', '/cluster/services', '/metrics']) {
      const { status, body } = await say(get(path, 'rebound.attacker.example', bearer), at)
      // The listener for old clients knows only some of these.
      t.ok(status === 421 || (at === plainPort && status === 403), `${at} ${path}: ${status}`)
      if (status === 421) t.match(JSON.parse(body), { code: 'HOST_UNKNOWN' })
    }
  }
  t.equal((await say(get('http://rebound.attacker.example/v1/status', '127.0.0.1', bearer))).status, 421)
  t.equal((await say(get('/v1/access', `localhost:${port}`, bearer))).status, 200)
  t.equal((await say(get('/v1/access', 'looma-crm:8888', bearer))).status, 200)
})

await t.test('who names no host is answered only whether the plane lives', async (t) => {
  t.equal((await say(lines('GET /health HTTP/1.0'))).status, 200)
  t.equal((await say(lines('GET /v1/access HTTP/1.0', bearer))).status, 421)
  t.equal((await say(lines('GET /health HTTP/1.1', 'Connection: close'))).status, 400)
})

await t.test('every answer says that it is nothing but what it is, and kept by nobody', async (t) => {
  for (const [at, text] of [
    [port, get('/health', '127.0.0.1')],
    [port, get('/v1/access', '127.0.0.1', bearer)],
    [port, get('/v1/access', '127.0.0.1')],
    [port, get('/v1/nothing/here', '127.0.0.1', bearer)],
    [port, get('/v1/openapi.json', '127.0.0.1', bearer)],
    [port, get('/cluster/services', '127.0.0.1', bearer)],
    [port, get('/cluster/nothing', '127.0.0.1', bearer)],
    [port, get('/metrics', '127.0.0.1', bearer)],
    [port, get('/v1/access?token=x', '127.0.0.1')],
    [port, get('/v1/access', 'attacker.example')],
    [plainPort, get('/v1/status', '127.0.0.1')],
    [plainPort, get('/cluster/services', '127.0.0.1')],
    [socketPath, get('/nothing', 'localhost')],
  ] as const) {
    const { head } = await say(text, at === socketPath ? socketPath : Number(at))
    const named = `${at} ${text.split('\r\n')[0]}`
    t.match(head, /x-content-type-options: nosniff/, named)
    t.match(head, /cache-control: no-store/, named)
    t.match(head, /content-security-policy: default-src 'none'/, named)
  }
})

await t.test('a token in an address is refused at every door', async (t) => {
  const [, secret = ''] = bearer.split('Bearer ')
  for (const query of [`token=${secret}`, `a=1&access_token=${secret}`, `%74oken=${secret}`, `x=${secret}`]) {
    t.match(await say(get(`/v1/access?${query}`, '127.0.0.1')), { status: 400, body: /TOKEN_IN_QUERY/ })
    t.match(await say(get(`/cluster/services?${query}`, '127.0.0.1'), plainPort), { status: 400 })
    t.equal((await say(upgrade(`${sessionPath}?${query}`))).status, 400)
    t.equal((await say(upgrade(`/peers?${query}`))).status >= 400, true)
    t.equal((await say(get(`/break-glass?${query}`, 'localhost'), socketPath)).status, 404)
  }
})

await t.test('no page in a browser opens the connection of an agent, whatever its origin', async (t) => {
  for (const origin of ['https://attacker.example', 'null', plane.url, '']) {
    t.equal((await say(upgrade(sessionPath, `Origin: ${origin}`))).status, 403, origin)
  }
})

await t.test('head, body and time are bounded at each door', async (t) => {
  for (const at of [Number(port), plainPort, socketPath]) {
    t.equal((await say(get('/health', '127.0.0.1', `X-Long: ${'x'.repeat(20_000)}`), at)).status, 431, `${at}`)
    const large = lines(
      'POST /cluster/register HTTP/1.1',
      'Host: localhost',
      bearer,
      'Connection: close',
      'Content-Type: application/json',
      'Content-Length: 600000',
    )
    const { status } = await say(large + 'x'.repeat(600_000), at)
    // Whoever ends it while it is still sent leaves no answer to be read.
    t.ok([0, 404, 413].includes(status), `${at}: ${status}`)
  }
})

await t.test('whoever asks too much is told when to come again, and nobody else is kept from asking', async (t) => {
  const other = join(folder, 'other-token')
  t.equal((await plane.heddle(...`token create bert --role viewer --out ${other} --reason x`.split(' '))).code, 0)
  const answers: number[] = []
  let refused: { readonly after: string | undefined; readonly body: string } | undefined
  for (let turn = 0; turn < 70; turn += 1) {
    const asked = ask(`${plane.url}/v1/access`, {
      headers: { authorization: bearer.replace('Authorization: ', '') },
    }).end()
    const [answer] = await once(asked, 'response')
    let body = ''
    for await (const part of answer) body += part
    answers.push(answer.statusCode)
    if (answer.statusCode === 429) refused ??= { after: answer.headers['retry-after'], body }
  }
  t.ok(answers.includes(200) || answers.length > 0)
  t.match(refused?.body, /RATE_LIMITED/)
  t.ok(Number(refused?.after) >= 1)
  plane.tokenFile = other
  t.equal((await plane.heddle('token', 'who')).code, 0)
  const { out } = await plane.heddle('--json', 'status')
  t.match(JSON.parse(out).problems, [/RATE_LIMITED: .*token:anna/])
  const { body } = await say(get('/health', '127.0.0.1'))
  t.ok(body)
})
