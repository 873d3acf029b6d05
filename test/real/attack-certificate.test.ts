import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type Server } from 'node:tls'
import t from 'tap'
import { askPlane } from '#agent/identity/ask-plane.ts'
import { run } from '#cli/program.ts'
import { readToken } from '#shared/identity/token.ts'
import type { Hello } from '#shared/protocol/messages.ts'
import { AgentClient, helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { type Enrolled, enrolled } from '#test/support/attack.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { newKey, requestOf, scope, someAuthority, someNode } from '#test/support/identity.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'

t.setTimeout(120_000)

await using plane = await TlsPlane.start({ access: {} })
const admin = join(plane.folder, 'admin')

async function heddle(tokenFile: string, ...args: readonly string[]) {
  const ca = join(plane.folder, 'heddle-ca.pem')
  const environment = { HEDDLE_PLANE: plane.url, HEDDLE_CA: ca, HEDDLE_TOKEN_FILE: tokenFile }
  const { terminal, out, err } = capturedTerminal({ environment })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}
const first = join(plane.folder, 'journal.db-first-token')
await heddle(first, 'token', 'create', 'anna', '--role', 'admin', '--reason', 'first', '--out', admin)

async function opened({ cert, key }: Pick<Enrolled, 'cert' | 'key'>): Promise<AgentClient | undefined> {
  const agent = new AgentClient(plane.url, { rejectUnauthorized: false, cert, key })
  return agent.opened().then(
    () => agent,
    () => undefined,
  )
}
async function greeted(by: Enrolled, over: Partial<Hello> = {}) {
  const agent = await opened(by)
  agent?.send(helloOf({ node: by.node, ...over }))
  return agent
}
async function welcomed(by: Enrolled) {
  const agent = await greeted(by)
  await agent?.receive('welcome')
  return agent
}

const victim = await enrolled(plane, nodeId(1))
await using honest = await welcomed(victim)

await t.test('a stolen certificate opens nothing of the API', async (t) => {
  for (const [method, path] of [
    ['GET', '/v1/status'],
    ['GET', '/v1/identities'],
    ['GET', '/v1/tokens'],
    ['GET', '/v1/backup'],
    ['POST', '/v1/freeze'],
    ['POST', `/v1/identities/${victim.node}/approve`],
    ['POST', '/v1/identity/tokens'],
    ['POST', '/cluster/register'],
  ] as const) {
    const body = method === 'POST' ? { body: { reason: 'x', by: 'thief' } } : {}
    const { status } = await plane.ask(path, { method, ...body, cert: victim.cert, key: victim.key })
    t.ok(status === 401 || status === 403, `${method} ${path}: ${status}`)
  }
})

await t.test('it speaks for its own node alone, from the machine of that node', async (t) => {
  const other = await greeted({ ...victim, node: nodeId(2) })
  t.match(await other?.ended(), { why: 'IDENTITY_OTHER_NODE' })
  const elsewhere = await greeted(victim, { machine: 'the-thief' })
  t.match(await elsewhere?.ended(), { why: 'node-elsewhere' })
  const site = await greeted(victim, { site: 'elsewhere' })
  t.match(await site?.ended(), { why: 'IDENTITY_OUT_OF_SCOPE' })
  t.equal(honest?.closed, undefined, 'the node itself goes on')
})

await t.test('a certificate that somebody else has signed is nobody’s, whatever it says', async (t) => {
  const named = new X509Certificate(victim.cert).subjectAltName ?? ''
  const [, installation = ''] = /spiffe:\/\/([a-z0-9-]+)\//.exec(named) ?? []
  const forged = await someNode(await someAuthority(Date.now(), installation), {
    installation,
    node: victim.node,
    scope,
  })
  const agent = await greeted({ node: victim.node, cert: forged.pem, key: forged.key })
  t.match(await agent?.ended(), { why: 'CERTIFICATE_FOREIGN' })
  const renewed = await plane.ask('/v1/renew', {
    ...{ method: 'POST', body: { csr: await requestOf((await newKey()).pair), machine: 'm' } },
    ...{ cert: forged.pem, key: forged.key },
  })
  t.ok(renewed.status === 401 || renewed.status === 403, `${renewed.status}`)
})

await t.test('it shows nobody to be a plane: neither to who trusts the authority, nor to who pins it', async (t) => {
  await using server = await listening(createServer({ cert: victim.cert, key: victim.key }))
  const ca = await readFile(join(plane.folder, 'heddle-ca.pem'), 'utf8')
  const trusting = connect({ host: '127.0.0.1', port: server.port, ca })
  const [error] = await once(trusting, 'error')
  t.match(error, { code: /^(INVALID_PURPOSE|ERR_TLS_CERT_ALTNAME_INVALID)$/ })
  const read = readToken(await plane.token())
  if (read.kind === 'unreadable') throw new Error(read.why)
  const proof = { kind: 'pin', pin: read.token.pin } as const
  const signal = AbortSignal.timeout(20_000)
  const granted = await askPlane(`https://127.0.0.1:${server.port}`, '/v1/enrol', { token: 'secret' }, proof, signal)
  t.match(granted, { kind: 'refused', code: 'PLANE_UNPROVEN' })
  t.notMatch(server.heard(), 'secret')
})

await t.test('who renews it with a key of his own shows himself: the node is refused, and says why', async (t) => {
  const { pair, pem } = await newKey()
  const renew = async (csr: string, by: Pick<Enrolled, 'cert' | 'key'>) => {
    const body = { csr, machine: `machine-of-${victim.node}` }
    return JSON.parse((await plane.ask('/v1/renew', { method: 'POST', body, cert: by.cert, key: by.key })).body)
  }
  const stolen = await renew(await requestOf(pair), victim)
  t.match(stolen, { state: 'issued' })
  // Once the new key is used the old one counts no more.
  const again = await renew(await requestOf(pair), { cert: stolen.certificate, key: pem })
  t.match(again, { state: 'issued' })
  const own = await renew(await requestOf((await newKey()).pair), victim)
  t.match(own, { code: 'IDENTITY_KEY_REPLACED' })
})

await t.test('once it is revoked it ends where it is used, and renews nothing', async (t) => {
  const revoked = await heddle(admin, 'identity', 'revoke', victim.node, '--reason', 'stolen')
  t.equal(revoked.code, 0, revoked.err)
  t.match(await honest?.ended(), { why: 'CERTIFICATE_REVOKED' })
  const back = await greeted(victim)
  t.match(await back?.ended(), { why: 'CERTIFICATE_REVOKED' })
  const body = { csr: await requestOf((await newKey()).pair), machine: `machine-of-${victim.node}` }
  const renewed = await plane.ask('/v1/renew', { method: 'POST', body, cert: victim.cert, key: victim.key })
  t.match(JSON.parse(renewed.body), { code: 'CERTIFICATE_REVOKED' })
})

/** A server of somebody else, and all that was said to it. */
async function listening(server: Server) {
  let heard = ''
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      heard += String(data)
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}
