import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { noInstance, noRoute } from '#control-plane/routing/answers.ts'
import { literal, quoted, value } from '#control-plane/routing/nginx/quote.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { type NginxServer, nginxConfiguration, startNginx, validateNginx } from '#test/support/nginx.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'

t.setTimeout(150_000)

const files = (table: RouteTable) => renderNginx(table, 1).files
const oneFile = (table: RouteTable) =>
  files(table)
    .map(({ content }) => content)
    .join('\n')

async function serving(t: { teardown(end: () => Promise<void>): void }, table: RouteTable): Promise<NginxServer> {
  const nginx = await startNginx({ conf: nginxConfiguration(oneFile(table)) })
  t.teardown(() => nginx[Symbol.asyncDispose]())
  return nginx
}

const sign = fc.constantFrom('$', '{', '}', '"', "'", '\\', ';', '#', '\n', ' ', 'n', 'heddle_dollar')

await t.test('nginx accepts whatever any table gives', async (t) => {
  const ports = await freePorts(3)
  await using folder = await temporaryFolder('render')
  const pair = (await noCertificates()) ? undefined : await certificate(folder.path, 'any', ['a.example'])
  const pem = pair && { ...pair, ca: pair.cert }
  await writeFile(
    join(folder.path, 'nginx.conf'),
    nginxConfiguration('variables_hash_max_size 4096;\n  include conf/*.conf;'),
  )
  await fc.assert(
    fc.asyncProperty(anyTable(ports, pem), async (table) => {
      const conf = join(folder.path, 'conf')
      await mkdir(conf, { recursive: true })
      const rendered = files(table)
      const names = new Set(rendered.map(({ path }) => path))
      t.equal(names.size, rendered.length, 'each file has its name')
      await rm(conf, { recursive: true })
      await mkdir(conf)
      for (const { path, content } of rendered) await writeFile(join(conf, path), content)
      const { accepted, output } = await validateNginx({ prefix: folder.path })
      if (!accepted || /\[warn\]/.test(output))
        throw new Error(`${output}\n${rendered.map(({ content }) => content).join('\n')}`)
    }),
    { numRuns: 30, endOnFailure: true, includeErrorInReport: true },
  )
})

await t.test('any text stays one word and comes out as it went in', async (t) => {
  const port = await freePort()
  const seed = Math.trunc(Math.random() * 2 ** 31)
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string({ unit: sign }))
  const texts = fc.sample(anyText, { numRuns: 400, seed })
  const locations = texts.map((text, index) => `location = /${index} { return 200 ${value(text, 'heddle_dollar')}; }`)
  const maps = texts.map((text, index) => `map $host $heddle_m${index} { ${quoted(`~^${literal(text)}$`)} 1; }`)
  const http = `default_type text/plain; charset utf-8; variables_hash_max_size 4096;
geo $heddle_dollar { default "$"; }
${maps.join('\n')}
server { listen 127.0.0.1:${port}; ${locations.join('\n')} }`
  await using _nginx = await startNginx({ conf: nginxConfiguration(http) })
  const changed: string[][] = []
  for (const [index, text] of texts.entries()) {
    const answer = await (await fetch(`http://127.0.0.1:${port}/${index}`)).bytes()
    const wanted = Buffer.from(text.toWellFormed().replaceAll('\0', '\ufffd'))
    if (!wanted.equals(answer)) changed.push([JSON.stringify(text), JSON.stringify(Buffer.from(answer).toString())])
  }
  t.strictSame(changed, [], `seed ${seed}`)
})

await t.test('paths are kept or stripped as they came, and tidied where they must be', async (t) => {
  const echo = await answering(t, (request, response) => response.end(request.url))
  const port = await freePort()
  const endpoints = [plainEndpoint(Number(new URL(echo).port))]
  const routes = [
    plainRoute('/api/users', 'echo', { path: 'strip' }),
    plainRoute('/api/users.v2/x', 'echo', { path: 'strip' }),
    plainRoute('/api', 'echo'),
    plainRoute('/empty', 'nobody'),
  ]
  await serving(t, plainTable(port, routes, { echo: endpoints, nobody: [] }))
  for (const [path, expected] of [
    ['/api/users', '/'],
    ['/api/users?x=1', '/?x=1'],
    ['/api/users/', '/'],
    ['/api/users/7/edit?x=a/../b&y=//', '/7/edit?x=a/../b&y=//'],
    ['/api/users/a%20b%2Bc%3F%23%25?q=%20', '/a%20b%2Bc%3F%23%25?q=%20'],
    ['/api/users/%E4%B8%AD', '/%E4%B8%AD'],
    ['/api/users2', '/api/users2'],
    ['/api/users.v2/x/y', '/y'],
    ['/api/usersxv2/x/y', '/api/usersxv2/x/y'],
    ['/api', '/api'],
    ['/api/', '/api/'],
    ['/api/x?y', '/api/x?y'],
    ['/api//users//7', '/7'],
    ['/api/x/../users/7', '/7'],
    ['/api/users/../x', '/api/x'],
    ['/api/./x', '/api/x'],
    ['/%61pi/users/7', '/7'],
    ['/api/users/.%2e/x', '/api/x'],
    ['/api//x?q=//', '/api/x?q=//'],
  ] as const) {
    t.same(await raw(port, path), { status: 200, body: expected }, path)
  }
  t.match(await raw(port, '/'), { status: 404, body: noRoute.body })
  t.match(await raw(port, '/apix'), { status: 404 })
  for (const path of ['/empty', '/empty/x']) t.match(await raw(port, path), { status: 503, body: noInstance.body })
  for (const path of ['/api%2Fusers', '/api/x%2f..%2Fy', '/api/users/%5cx'])
    t.match(await raw(port, path), { status: 400 })
  t.match(await raw(port, '/api/x?y=%2F'), { status: 200 }, 'an escaped slash in a query is nothing special')
  const answer = await fetch(`http://127.0.0.1:${port}/empty`)
  t.equal(answer.headers.get('content-type'), noInstance.contentType)
})

await t.test('a refused instance costs no request, whatever the method, and the others share the load', async (t) => {
  const [port = 0, dead = 0] = await freePorts(2)
  await using a = await startBasicServer({ instance: 'a' })
  await using b = await startBasicServer({ instance: 'b' })
  const endpoints = [dead, a.port, b.port].map((each) => plainEndpoint(each))
  await serving(t, plainTable(port, [plainRoute('/', 's')], { s: { endpoints, ejection: undefined } }))
  const seen = new Map<string, number>()
  for (let index = 0; index < 60; index += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/x`, { method: index % 2 ? 'POST' : 'GET' })
    const { instance } = JSON.parse(await response.text())
    seen.set(instance, (seen.get(instance) ?? 0) + 1)
  }
  t.strictSame([...seen.keys()].sort(), ['a', 'b'])
  t.ok(
    [...seen.values()].every((count) => count >= 15),
    JSON.stringify([...seen]),
  )
})

await t.test('what an instance may have begun is repeated only if its method allows it', async (t) => {
  const [port = 0] = await freePorts(1)
  let taken = 0
  const resetting = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      taken += 1
      socket.resetAndDestroy()
    })
  }).listen(0, '127.0.0.1')
  await once(resetting, 'listening')
  t.teardown(() => resetting.close())
  await using good = await startBasicServer({ instance: 'good' })
  const address = resetting.address()
  const bad = typeof address === 'object' && address ? address.port : 0
  const endpoints = [plainEndpoint(bad, { weight: 1000 }), plainEndpoint(good.port, { weight: 1 })]
  await serving(t, plainTable(port, [plainRoute('/', 's')], { s: { endpoints, ejection: undefined } }))
  t.equal((await raw(port, '/')).status, 200, 'a GET is repeated elsewhere')
  t.equal(taken, 1)
  t.match(await raw(port, '/', 'POST'), { status: 503, body: /failed to answer/ }, 'a POST is not')
  t.equal(taken, 2)
})

await t.test('instances of the last resort are called only when no other is left', async (t) => {
  const [port = 0, dead = 0] = await freePorts(2)
  await using last = await startBasicServer({ instance: 'last' })
  await using first = await startBasicServer({ instance: 'first' })
  const route = [plainRoute('/', 's')]
  const backup = plainEndpoint(last.port, { priority: 1 })
  await using nginx = await startNginx({
    conf: nginxConfiguration(oneFile(plainTable(port, route, { s: [backup, plainEndpoint(first.port)] }))),
  })
  for (let index = 0; index < 10; index += 1) t.match((await raw(port, '/')).body, /"first"/)
  await nginx.stop()
  for (const endpoints of [[backup, plainEndpoint(dead)], [backup]]) {
    await using _other = await startNginx({
      conf: nginxConfiguration(oneFile(plainTable(port, route, { s: endpoints }))),
    })
    t.match((await raw(port, '/')).body, /"last"/)
  }
})

await t.test('an instance that is too slow is answered for in time', async (t) => {
  const port = await freePort()
  await using slow = await startBasicServer({ instance: 'slow' })
  await slow.switch({ mode: 'hang' })
  const table = plainTable(port, [plainRoute('/', 's', { timeoutMs: 200 })], { s: [plainEndpoint(slow.port)] })
  await serving(t, table)
  t.match(await raw(port, '/'), { status: 504, body: /in time/ })
})

await t.test('instances see who asked, and requests carry one id from end to end', async (t) => {
  const echo = await answering(t, (request, response) => response.end(JSON.stringify(request.headers)))
  const port = await freePort()
  await serving(t, plainTable(port, [plainRoute('/', 'echo')], { echo: [plainEndpoint(Number(new URL(echo).port))] }))
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { 'x-request-id': 'mine-1', 'x-forwarded-for': '10.1.1.1', with_underscore: 'yes' },
  })
  t.match(JSON.parse(await response.text()), {
    host: `127.0.0.1:${port}`,
    'x-request-id': 'mine-1',
    'x-forwarded-for': '10.1.1.1, 127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(port),
    with_underscore: 'yes',
  })
  t.equal(response.headers.get('x-request-id'), 'mine-1')
  const other = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-request-id': 'not "an" id' } })
  t.match(JSON.parse(await other.text())['x-request-id'], /^[0-9a-f]{32}$/)
})

await t.test('connections may change to WebSocket, and to nothing else', async (t) => {
  const upstream = createTcpServer((socket) => {
    socket.on('error', () => {})
    let head = ''
    socket.on('data', (part) => {
      if (head.includes('\r\n\r\n')) {
        socket.write(part)
        return
      }
      head += part
      if (head.includes('\r\n\r\n')) {
        const upgrade = /^upgrade: (.*)\r$/im.exec(head)?.[1]
        if (upgrade)
          socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`)
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nplain')
      }
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => upstream.close())
  const address = upstream.address()
  const port = await freePort()
  const endpoints = [plainEndpoint(typeof address === 'object' && address ? address.port : 0)]
  await serving(t, plainTable(port, [plainRoute('/', 's')], { s: endpoints }))
  t.match(await upgraded(port, 'websocket'), /^HTTP\/1.1 101 [\s\S]*\r\n\r\nhello$/)
  t.match(await upgraded(port, 'h2c'), /^HTTP\/1.1 200 [\s\S]*\r\n\r\nplain/)
})

await t.test('each request is one line of JSON with its route and what each attempt met', async (t) => {
  const [port = 0, dead = 0] = await freePorts(2)
  await using server = await startBasicServer({ instance: 'a' })
  await using folder = await temporaryFolder('log')
  const access = join(folder.path, 'access.log')
  await writeFile(access, '', { mode: 0o666 })
  const endpoints = [plainEndpoint(dead, { weight: 1000 }), plainEndpoint(server.port, { weight: 1 })]
  const table = plainTable(
    port,
    [plainRoute('/api', '$服务 "x"')],
    { '$服务 "x"': endpoints },
    { logs: { access, attempts: undefined } },
  )
  const nginx = await startNginx({ conf: nginxConfiguration(oneFile(table)) })
  await raw(port, '/api/x?"=\\')
  await raw(port, '/nowhere')
  await nginx[Symbol.asyncDispose]()
  const lines = (await readFile(access, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(lines[0], {
    gateway: 'edge',
    route: 'api',
    service: '$服务 "x"',
    method: 'GET',
    path: '/api/x?"=\\',
    status: 200,
    message: 'GET /api/x?"=\\',
    duration_ms: Number,
    bytes: Number,
    address: `127.0.0.1:${dead}, 127.0.0.1:${server.port}`,
    upstream_status: '502, 200',
  })
  t.match(lines[1], { route: '', service: '', status: 404, address: '' })
})

/** A request whose path goes out as it is. */
async function raw(port: number, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const answer = await exchange(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const chunked = /transfer-encoding: chunked/i.test(head)
  return {
    status: Number(head.split(' ')[1]),
    body: chunked ? body.replace(/^[0-9a-f]+\r\n([\s\S]*?)\r\n0\r\n\r\n$/, '$1') : body,
  }
}

async function upgraded(port: number, protocol: string): Promise<string> {
  return exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, 'hello')
}

function exchange(port: number, request: string, then?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setEncoding('utf8').setTimeout(5_000, () => socket.destroy(new Error(`no end: ${seen}`)))
    socket.on('data', (part: string) => {
      if (then !== undefined && !seen.includes('\r\n\r\n') && (seen + part).includes('\r\n\r\n')) socket.write(then)
      seen += part
      if (then !== undefined && seen.endsWith(then)) socket.end()
      if (then !== undefined && seen.endsWith('plain')) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(seen))
  })
}
