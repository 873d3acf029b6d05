import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { run } from '#cli/program.ts'
import { sendRaw } from '#test/support/attack.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { freePorts } from '#test/support/ports.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'

t.setTimeout(120_000)

const [plainPort = 0] = await freePorts(1)
const plain = { address: '127.0.0.1', port: plainPort, services: ['crm', 'basic-*'], until: '2999-01-01' }
await using plane = await TlsPlane.start({
  access: {},
  ingest: { clients: { plain: { ...plain, ranges: ['127.0.0.0/8', '10.0.0.0/8'] } } },
})
const file = (name: string) => join(plane.folder, name)

async function create(by: string, name: string, ...more: readonly string[]): Promise<string> {
  const environment = { HEDDLE_PLANE: plane.url, HEDDLE_CA: file('heddle-ca.pem'), HEDDLE_TOKEN_FILE: file(by) }
  const { terminal, err } = capturedTerminal({ environment })
  const code = await run(['token', 'create', name, '--reason', 'x', '--out', file(name), ...more], terminal)
  if (code !== 0) throw new Error(err())
  return (await readFile(file(name), 'utf8')).trim()
}
const admin = await create('journal.db-first-token', 'admin', '--role', 'admin')
const viewer = await create('admin', 'viewer', '--role', 'viewer')
const operator = await create('admin', 'operator', '--role', 'operator')

type Spoken = { readonly token?: string; readonly headers?: readonly string[]; readonly body?: string }

/** The statuses of all answers that came, and all that came. */
async function spoken(line: string, { token, headers = [], body = '' }: Spoken = {}) {
  const said = [
    `${line} HTTP/1.1`,
    'Host: localhost',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...headers,
    'Connection: close',
  ]
  const text = await sendRaw(plane.url, `${said.join('\r\n')}\r\n\r\n${body}`)
  return { statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)), text }
}

/** Of an admin's answers, none of which anybody else may see. */
const forbidden = /"tokens"|"rows"|usesLeft|hdlt?1\./

await t.test(
  'no way of writing a path leads past the guard: not without a token, and not with a viewer’s',
  async (t) => {
    const paths = [
      ...['/v1/tokens', '/v1/tokens/', '//v1/tokens', '/V1/tokens', '/v1/TOKENS', '/v1/./tokens', '/v1//tokens'],
      ...['/v1/nodes/../tokens', '/health/../v1/tokens', '/v1/nodes/%2e%2e/tokens', '/v1/nodes/..%2ftokens'],
      ...['/v1%2ftokens', '/v1/%74okens', '/v1\\tokens', '/health\\..\\v1\\tokens', '/v1/nodes/..\\..\\tokens#'],
      ...['/v1/tokens#/health', '/health#/v1/tokens', '/v1/tokens;/health', '/v1/tokens%00', '/v1/tokens%3f/health'],
      ...['http://x/v1/tokens', 'http://x#/v1/tokens', 'http://x\\v1\\tokens/health', 'HTTPS://x:1/v1/tokens'],
      ...['http:/v1/tokens', 'v1/tokens', '*', '/v1/cluster/../tokens', '/v1/v1/tokens', '/cluster/../v1/tokens'],
      ...['/v1/audit', '/v1/audit?x=#', '/v1/backup', '/v1/nodes/x\\..\\..\\backup#/desired'],
    ]
    for (const path of paths) {
      for (const token of [undefined, viewer]) {
        const who = token ? 'viewer' : 'nobody'
        for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'TRACE']) {
          // Each costs a handshake: the odd methods are tried where the path is plain.
          if (method !== 'GET' && path !== '/v1/tokens') continue
          const { statuses, text } = await spoken(`${method} ${path}`, { ...(token ? { token } : {}) })
          t.strictSame(
            statuses.filter((status) => status < 400),
            [],
            `${who} ${method} ${path}`,
          )
          t.notMatch(text, forbidden)
        }
      }
    }
  },
)

await t.test('what is let through as one path is answered as that one', async (t) => {
  for (const path of ['/v1/nodes/x#/desired', '/v1/nodes/..\\..\\status#', '/v1/nodes/..']) {
    t.strictSame((await spoken(`GET ${path}`, { token: viewer })).statuses, [400], path)
  }
  const { text } = await spoken(`GET /v1/nodes/${viewer}`, { token: viewer })
  t.match(text, 'TOKEN_IN_QUERY')
  t.notMatch(text, viewer)
})

await t.test('a request that two readers would end at different places is no request', async (t) => {
  const smuggled = 'GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (const headers of [
    ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: chunked, identity'],
    ['Content-Length: 0', 'Content-Length: 5'],
    ['Content-Length: +5'],
    ['Content-Length: 0x5'],
    ['X: a\nContent-Length: 5'],
    ['X: a\rContent-Length: 5'],
  ]) {
    const { statuses } = await spoken('POST /v1/enrol', { headers, body: `0\r\n\r\n${smuggled}` })
    t.strictSame(statuses, [400], JSON.stringify(headers))
  }
})

await t.test('of requests that come together each needs its own token', async (t) => {
  const one = (token?: string) =>
    `GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n`
  const text = await sendRaw(plane.url, one(viewer) + one() + one(viewer))
  t.match(text, /^HTTP\/1\.1 200 /)
  t.match(text, /HTTP\/1\.1 401 /)
  t.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 1)
})

await t.test('headers that others believe change neither who asks nor what', async (t) => {
  for (const header of [
    'X-Forwarded-For: 127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'X-Original-URL: /health',
    'X-Rewrite-URL: /health',
    'X-Heddle-Forwarded: 1',
    'X-HTTP-Method-Override: GET',
    'Cookie: heddle=1; __Host-heddle=1',
  ]) {
    t.strictSame((await spoken('GET /v1/status', { headers: [header] })).statuses, [401], header)
    t.strictSame((await spoken('POST /v1/freeze', { headers: [header], token: viewer })).statuses, [403], header)
  }
  const both = [`Authorization: Bearer ${viewer}`, `Authorization: Bearer ${admin}`]
  t.strictSame((await spoken('GET /v1/tokens', { headers: both })).statuses, [403], 'the first one counts')
})

await t.test('nothing is upgraded but the session of somebody who shows a certificate', async (t) => {
  const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  for (const path of ['/agents', '/AGENTS', '/agents/', '/planes', '/v1/nodes', '/health', 'http://x/agents']) {
    for (const protocol of ['heddle.v1', 'heddle-planes.v1']) {
      const head = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', ...upgrade]
      const text = await sendRaw(plane.url, `${head.join('\r\n')}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`)
      t.match(text, /^HTTP\/1\.1 (4\d\d|503) /, `${path} ${protocol}`)
    }
  }
})

await t.test('a body changes nothing but what it is about', async (t) => {
  const post = (path: string, body: string | Buffer, more: readonly string[] = []) => {
    const text = body.toString('latin1')
    const headers = ['Content-Type: application/json', `Content-Length: ${text.length}`, ...more]
    return spoken(`POST ${path}`, { token: operator, headers, body: text })
  }
  const polluted = '{"reason":"x","by":"y","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
  t.ok((await post('/v1/freeze', polluted)).statuses.every((status) => status === 400 || status === 200))
  const whole = await spoken('GET /v1/status', { token: viewer })
  t.notMatch(whole.text, 'polluted')
  for (const [what, body, more] of [
    ['deep', '['.repeat(200_000), []],
    ['deep objects', '{"a":'.repeat(50_000), []],
    ['large', `"${'x'.repeat(9 * 1024 * 1024)}"`, []],
    ['packed', gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')), ['Content-Encoding: gzip']],
    ['no text', Buffer.from([0xff, 0xfe, 0x00]), []],
  ] as const) {
    for (const path of ['/v1/freeze', '/v1/admissions', '/v1/routing/plan', '/cluster/register']) {
      const { statuses } = await post(path, body, more)
      t.ok(
        statuses.every((status) => status >= 400 && status < 500),
        `${what} ${path} ${statuses}`,
      )
    }
  }
  t.strictSame((await spoken('GET /health')).statuses, [200])
  t.notMatch(plane.output, '"level":50', 'nothing went wrong that nobody had thought of')
})

await t.test('by the listener of old clients nobody touches what is not theirs', async (t) => {
  const register = (instance: object) => {
    const body = JSON.stringify({ node_id: 'n1', port: 80, ...instance })
    const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    return spoken('POST /cluster/register', { token: operator, headers, body })
  }
  const ask = async (method: string, path: string, body?: object) => {
    const more = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}
    const signal = AbortSignal.timeout(10_000)
    return (await fetch(`http://127.0.0.1:${plainPort}${path}`, { method, signal, ...more })).status
  }
  const payroll = { service_name: 'payroll', instance_id: 'payroll-1', address: '10.0.0.7' }
  const far = { service_name: 'crm', instance_id: 'crm-far', address: '192.168.0.7' }
  for (const instance of [payroll, far]) t.match(await register(instance), { statuses: [201] })
  for (const { instance_id: id } of [payroll, far]) {
    t.equal(await ask('POST', `/cluster/heartbeat/${id}`, { status: 'active' }), 403)
    t.equal(await ask('POST', `/cluster/metrics/${id}`, { metrics: [] }), 403)
    t.equal(await ask('DELETE', `/cluster/deregister/${id}`), 403)
    const taken = { node_id: 'n2', service_name: 'crm', instance_id: id, address: '10.0.0.9', port: 81 }
    t.equal(await ask('POST', '/cluster/register', taken), 403)
  }
  const elsewhere = { node_id: 'n2', service_name: 'crm', instance_id: 'x', service_url: 'http://169.254.169.254/' }
  t.equal(await ask('POST', '/cluster/register', elsewhere), 403)
  for (const path of ['/cluster/services', '/v1/nodes', '/metrics', '/v1/tokens', '/cluster/nodes']) {
    t.equal(await ask('GET', path), 403, path)
  }
  const own = { node_id: 'n2', service_name: 'crm', instance_id: 'crm-own', address: '10.0.0.9', port: 81 }
  t.equal(await ask('POST', '/cluster/register', own), 201)
  t.equal(await ask('DELETE', '/cluster/deregister/crm-own'), 200)
})
