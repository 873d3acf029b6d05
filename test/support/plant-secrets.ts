import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryFolder } from './folder.ts'
import { TlsPlane } from './tls-plane.ts'
import { waitFor } from './wait.ts'

/** Refuses, and says back all that it was sent, as some servers do: a Consul, a Zervi, a provider. */
async function startEcho() {
  const server = createServer((asked, response) => {
    response.writeHead(403, { 'content-type': 'text/plain' })
    response.end(`Permission denied: ${JSON.stringify(asked.headers)}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

type Sent = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | string
}

export type PlantingPlace = {
  /** Of its journal, besides where it is. */
  readonly journal: object
  /** All that is in the database, by the names of its tables. */
  readonly dumped: () => Promise<ReadonlyMap<string, string>>
}

/** Plants a secret at each door of a plane that logs everything, and looks for all of them wherever it writes. */
export async function plantAndLook(t: Test, { journal, dumped }: PlantingPlace): Promise<void> {
  /** What is looked for: each secret is another text, by the door at which it is planted. */
  const planted = new Map<string, string>()
  const secret = (door: string): string => {
    const text = `Gehe1m-${planted.size}-Zx9${'q7'.repeat(14)}`
    planted.set(door, text)
    return text
  }
  using echo = await startEcho()
  const { url: elsewhere } = echo
  await using files = await temporaryFolder('secrets')
  const inFile = async (name: string, text: string) => {
    const path = join(files.path, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const folder = join(files.path, 'plane')
  await mkdir(folder)
  const path = join(folder, 'heddle.db')
  const tokenFile = join(folder, 'enrolment-token')
  const shared = 'postgresql' in journal
  await using plane = await TlsPlane.start({
    access: {
      required: true,
      oidc: {
        issuer: elsewhere,
        client_id: 'heddle',
        client_secret_file: await inFile('client-secret', secret('the file of the secret of a client')),
        roles: { operators: 'operator' },
      },
    },
    zervi: { url: elsewhere, token_file: await inFile('zervi-token', secret('the file of the Zervi token')) },
    logging: { level: 'trace' },
    journal: { path, ...journal },
    identity: {
      ...(shared ? { secret_file: await inFile('secret', randomBytes(32).toString('base64url')) } : {}),
      first_token: { file: tokenFile },
    },
    mirror: {
      datacenters: [
        {
          name: 'dc1',
          address: elsewhere,
          token_file: await inFile('consul-token', secret('the file of the Consul token')),
        },
      ],
    },
  })
  const { url } = plane
  const enrolmentToken = () => readFile(tokenFile, 'utf8')
  const send = (path: string, sent: Sent) => sendTo(url, path, sent)

  const first = (await readFile(`${path}-first-token`, 'utf8')).trim()
  const asFirst = { authorization: `Bearer ${first}` }
  const created = await send('/v1/tokens', { headers: asFirst, body: { name: 'anna', role: 'admin', reason: 'first' } })
  const admin = JSON.parse(created.body).token as string
  planted.set('the token of an admin', admin.split('.').at(-1) ?? '')
  planted.set('the token of the first start', first.split('.').at(-1) ?? '')
  const authorization = `Bearer ${admin}`
  const as = { authorization }

  const headers: readonly Readonly<Record<string, string>>[] = [
    { authorization: `Bearer ${secret('a bearer token that is none')}` },
    { authorization: `Bearer hdlt1.abcdefghij.${secret('a token of ours that is wrong')}` },
    { authorization: `Basic ${secret('a Basic login')}` },
    { authorization: `Bearer ey${secret('a bearer token for Zervi')}` },
    { ...as, cookie: `session=${secret('a cookie')}` },
    { ...as, 'x-consul-token': secret('a header of Consul') },
    { ...as, 'x-api-key': secret('a header of others') },
    { ...as, 'sec-websocket-protocol': secret('a subprotocol') },
  ]
  for (const each of headers) await send('/v1/status', { method: 'GET', headers: each })
  await send(`/v1/status?token=${secret('a query')}`, { method: 'GET', headers: as })
  await send(`/v1/status?%74oken=${secret('a query in disguise')}`, { method: 'GET', headers: as })
  await send('/v1/freeze', { headers: as, body: `{"reason": "x", "password": "${secret('JSON that does not end')}"` })
  await send('/v1/freeze', {
    headers: as,
    body: { reason: 'x', by: 'x', password: secret('a field that nobody knows') },
  })
  await send('/cluster/register', { headers: as, body: `{"password": "${secret('a registration that does not end')}"` })
  const registered = await send('/cluster/register', {
    headers: as,
    body: {
      service_id: 'crm-1',
      service_name: 'crm',
      service_url: 'http://10.0.0.1:8080',
      metadata: {
        password: secret('metadata'),
        dbPassword: secret('metadata in other letters'),
        url: `postgres://crm:${secret('a URL in metadata')}@db/crm`,
      },
      config: { api_key: secret('the configuration of a service'), nested: { secret: secret('one in it') } },
      capabilities: { token: secret('capabilities') },
    },
  })
  t.equal(registered.status < 300, true, registered.body)
  const node = await send('/cluster/nodes/register', {
    headers: as,
    body: { node_id: 'n1', node_name: 'n1', address: '10.0.0.1', port: 80, resources: { password: secret('a node') } },
  })
  t.equal(node.status < 300, true, node.body)
  await send('/cluster/nodes/sync/config', {
    headers: as,
    body: { source_node: 'n1', data: { db_password: secret('what is handed over') } },
  })
  await send('/cluster/metrics/crm-1', { headers: as, body: { password: secret('measurements') } })
  for (const row of [
    { config_key: 'k', config_value: secret('an encrypted setting'), config_type: 'system', is_encrypted: true },
    { config_key: 'jwt_secret', config_value: secret('a setting called so'), config_type: 'system' },
    {
      config_key: 'a',
      config_value: `-----BEGIN PRIVATE KEY-----\n${secret('a key in a setting')}`,
      config_type: 'system',
    },
  ]) {
    await send('/cluster/import', { headers: as, body: { table: 'cluster_configs', rows: [row] } })
  }
  const enrolment = await send('/v1/identity/tokens', {
    headers: as,
    body: { uses: 1, lifetime_ms: 60_000, by: 'anna' },
  })
  const [, , made = ''] = (JSON.parse(enrolment.body).token as string).split('.')
  planted.set('an enrolment token', made)
  const [head, id, , pin] = (await enrolmentToken()).trim().split('.')
  planted.set('the first enrolment token', (await enrolmentToken()).split('.')[2] ?? '')
  const wrong = [head, id, secret('a wrong enrolment token'), pin].join('.')
  await send('/v1/enrol', { body: { token: wrong, csr: secret('no request'), node: 'n-1', machine: 'm', site: 's' } })
  await send('/v1/freeze', { headers: as, body: { reason: `see ${authorization}`, by: 'anna' } })
  await send('/v1/thaw', { headers: as, body: { reason: 'done', by: 'anna' } })
  // Nobody reads a page of it: it is where the provider is asked.
  await send('/sign-in/oidc', { method: 'GET' })
  await waitFor(async () => plane.output, {
    what: 'the plane to have asked the Consul',
    withinMs: 20_000,
    until: (output) => /CONSUL_FORBIDDEN/.test(output),
    everyMs: 50,
  })
  t.ok(planted.size > 25)

  const backup = join(files.path, 'backup.zst')
  const whole = await send('/v1/backup', { method: 'GET', headers: as })
  t.equal(whole.status, 200)
  await writeFile(backup, whole.body, 'latin1')
  const audit = await send('/v1/audit?limit=1000', { method: 'GET', headers: as })
  t.match(audit.body, /POST \/v1\/freeze/)
  const events = await send('/v1/events?limit=1000', { method: 'GET', headers: as })
  const openly = [
    audit.body,
    events.body,
    ...(await Promise.all(
      [
        '/v1/instances',
        '/v1/nodes',
        '/v1/tokens',
        '/v1/status',
        '/cluster/services',
        '/cluster/nodes',
        '/cluster/nodes/sync',
        '/v1/identity/tokens',
        '/metrics',
      ].map(async (path) => (await send(path, { method: 'GET', headers: as })).body),
    )),
  ]
  await plane.stop()
  const texts = new Map<string, string>(openly.map((text, index) => [`answer ${index}`, text]))
  texts.set('the log', plane.output)
  // Where tokens are given to who is to use them.
  const given = /(first-token|enrolment-token|first-sign-in)$/
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || given.test(entry.name)) continue
    texts.set(entry.name, await readFile(join(entry.parentPath, entry.name), 'latin1'))
  }
  for (const [name, text] of await dumped()) texts.set(name, text)
  t.ok(texts.has('heddle.db') || texts.has('table journal'))
  const unpacked = spawnSync('zstd', ['-dc', backup], { encoding: 'latin1', maxBuffer: 2 ** 28 })
  if (unpacked.status === 0) texts.set('the backup', unpacked.stdout)
  else texts.set('the backup', whole.body)
  t.match(texts.get('the log'), /"level":"(trace|debug|info)"/)
  for (const [door, text] of planted) {
    t.ok(text.length >= 16, door)
    const found = [...texts].filter(([, all]) => all.includes(text)).map(([name]) => name)
    t.strictSame(found, [], `${door} stands nowhere`)
  }
}

async function sendTo(
  url: string,
  path: string,
  { method = 'POST', headers = {}, body }: Sent,
): Promise<{ status: number; body: string }> {
  const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '')
  const asked = request(`${url}${path}`, {
    method,
    agent: false,
    rejectUnauthorized: false,
    headers: { 'content-type': 'application/json', ...headers },
    signal: AbortSignal.timeout(20_000),
  })
  asked.end(text)
  const [answer] = await once(asked, 'response')
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part)
  return { status: answer.statusCode, body: Buffer.concat(parts).toString('latin1') }
}
