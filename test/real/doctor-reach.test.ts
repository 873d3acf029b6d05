import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePort } from '#test/support/ports.ts'

// Real servers, each ill in one way; what the remedy says makes the finding go away.
t.setTimeout(60_000)

async function listening(server: Server, port = 0) {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      if ('closeAllConnections' in server) (server as ReturnType<typeof createHttp>).closeAllConnections()
    },
  }
}

const health: RequestListener = (_, response) => response.end(JSON.stringify({ status: 'healthy', revision: 7 }))

await using folder = await temporaryFolder('doctor')
const agentOf = (url: string) => ({ planes: [url], state_dir: join(folder.path, 'state'), admin: { enabled: false } })

await t.test('a plane whose clock is off is told of, and is not once it is right', async (t) => {
  let offMs = 90_000
  await using plane = await listening(
    createHttp((request, response) => {
      response.setHeader('date', new Date(Date.now() + offMs).toUTCString())
      health(request, response)
    }),
  )
  const config = agentOf(`http://127.0.0.1:${plane.port}`)
  t.match(ills(await diagnosed(folder.path, config, 'plane')), [
    /^warning: this clock is (89|90|91) s behind that of .*NTP/,
  ])
  offMs = 0
  t.strictSame(ills(await diagnosed(folder.path, config, 'plane')), [])
})

await t.test('each step at which a plane cannot be reached is told with its remedy', async (t) => {
  const port = await freePort()
  const config = agentOf(`http://127.0.0.1:${port}`)
  t.match(ills(await diagnosed(folder.path, config, 'plane')), [/step connect, \d+ ms\): .*ECONNREFUSED.*Start what/])
  {
    await using _silent = await listening(createTcp(), port)
    const from = performance.now()
    t.match(ills(await diagnosed(folder.path, config, 'plane,memory')), [/step answer, .*nothing within 3 s/])
    t.ok(performance.now() - from < 6_000, 'it does not wait for long')
  }
  await using _plane = await listening(createHttp(health), port)
  t.strictSame(ills(await diagnosed(folder.path, config, 'plane')), [])
})

await t.test('certificates are judged before anything is said', { skip: await noCertificates() }, async (t) => {
  const secrets: string[] = []
  const answer: RequestListener = (request, response) => {
    secrets.push(String(request.headers['x-consul-token']))
    response.end('["dc1"]')
  }
  const good = await certificate(folder.path, 'good', ['localhost'])
  const other = await certificate(folder.path, 'other', ['plane.internal'])
  const past = { cert: join(folder.path, 'past.pem'), key: join(folder.path, 'past.key') }
  const until = ['-not_before', '20250101000000Z', '-not_after', '20250201000000Z']
  const ended = await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', past.key, '-out', past.cert],
    ...until,
  ]).then(
    () => true,
    () => false,
  )
  const token_file = join(folder.path, 'token')
  const { writeFile } = await import('node:fs/promises')
  await writeFile(token_file, 'geheim', { mode: 0o600 })
  const told = async ({ cert, key }: { cert: string; key: string }, ca: string | undefined, host = 'localhost') => {
    await using server = await listening(createHttps({ cert: await readFile(cert), key: await readFile(key) }, answer))
    const address = `https://${host}:${server.port}`
    const datacenter = { name: 'dc1', address, token_file, ...(ca === undefined ? {} : { ca_file: ca }) }
    return ills(await diagnosed(folder.path, { mirror: { datacenters: [datacenter] } }, 'consul')).join('\n')
  }
  t.match(await told(good, undefined), /step TLS, .*nobody who is believed.*ca_file/)
  t.match(await told(other, other.cert), /step TLS, .*not for localhost, but for DNS:plane\.internal/)
  if (ended) t.match(await told(past, past.cert), /step TLS, .*has ended on 2025-02-01/)
  t.strictSame(secrets, [], 'nobody who has not proven who he is was told the token')
  t.notMatch(await told(good, good.cert), /step TLS/, 'its authority is named, and it is asked by its name')
  t.ok(secrets.includes('geheim'))
  t.notMatch(await told(good, undefined), /geheim/)
})

await t.test('who vouches for people is asked who it is, and no more', async (t) => {
  const asked: string[] = []
  let found = false
  await using provider = await listening(
    createHttp((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
      response.statusCode = found ? 200 : 404
      response.end('{}')
    }),
  )
  const issuer = `http://127.0.0.1:${provider.port}`
  const secret = join(folder.path, 'oidc')
  const config = { access: { oidc: { issuer, client_id: 'x', client_secret_file: secret, roles: { a: 'viewer' } } } }
  t.match(ills(await diagnosed(folder.path, config, 'providers')), [/answers 404 .*Correct access\.oidc\.issuer/])
  found = true
  t.strictSame(ills(await diagnosed(folder.path, config, 'providers')), [])
  t.strictSame([...new Set(asked)], ['GET /.well-known/openid-configuration undefined'])
})

await t.test('an Envoy that is not there, is not live, or is too old is told of', async (t) => {
  let info = { state: 'PRE_INITIALIZING', version: 'abc/1.29.1/Clean/RELEASE/BoringSSL' }
  const port = await freePort()
  const config = { ...agentOf('http://127.0.0.1:1'), envoys: [{ gateway: 'edge', admin: `127.0.0.1:${port}` }] }
  t.match(ills(await diagnosed(folder.path, config, 'proxies')), [/step connect.*heddle envoy bootstrap/])
  await using _envoy = await listening(
    createHttp((_, response) => response.end(JSON.stringify(info))),
    port,
  )
  t.match(
    ills(await diagnosed(folder.path, config, 'proxies')).join('\n'),
    /Envoy 1\.29\.1 .*too old[\s\S]*PRE_INITIALIZING/,
  )
  info = { state: 'LIVE', version: 'abc/1.40.0/Clean/RELEASE/BoringSSL' }
  t.strictSame(ills(await diagnosed(folder.path, config, 'proxies')), [])
})
