import { createPublicKey } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { newAuthority } from '#control-plane/identity/authority.ts'
import { issueNodeCertificate } from '#control-plane/identity/issue.ts'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { PemConverter } from '#shared/identity/x509.ts'
import { EnrolledAgent } from '#test/support/enrolled-agent.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePort } from '#test/support/ports.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const withinMs = 40_000
const day = 24 * 3_600_000
const plainPort = await freePort()
await using folder = await temporaryFolder('callers')
const { authority, pkcs8 } = await newAuthority('somebody else', Date.now())
const [certificate_file, key_file] = [join(folder.path, 'ca.pem'), join(folder.path, 'ca.key')]
await writeFile(certificate_file, authority.pem)
await writeFile(key_file, PemConverter.encode(new Uint8Array(pkcs8).buffer, 'PRIVATE KEY'), { mode: 0o600 })
const plain = { address: '127.0.0.1', port: plainPort, ranges: ['127.0.0.0/8'], services: ['crm'], until: '2099-01-01' }
await using plane = await TlsPlane.start({
  // Tokens are asked for, as they are where nothing is said.
  access: {},
  identity: { authority: [{ certificate_file, key_file }] },
  ingest: { clients: { plain } },
})
const admin = async () => (await readFile(join(plane.folder, 'journal.db-first-token'), 'utf8')).trim()
await using agent = await EnrolledAgent.start([plane.url], plane.tokenFile)
await waitFor(() => agent.at(), { what: 'the session', withinMs })

await t.test('a certificate says which node it is, and lets it do nothing that needs a permission', async (t) => {
  const { cert, key } = await agent.tls()
  const node = await agent.node()
  const who = await plane.ask('/v1/access', { cert, key })
  t.match(JSON.parse(who.body), { kind: 'agent', name: `agent:${node}`, permissions: [] })
  for (const path of ['/v1/status', '/v1/nodes', `/v1/nodes/${node}`, '/v1/identities', '/v1/backup', '/metrics']) {
    t.equal((await plane.ask(path, { cert, key })).status, 403, path)
    t.equal((await plane.ask(path)).status, 401, `${path}, by nobody`)
  }
  const register = { method: 'POST', body: { service_name: 'crm' } }
  t.equal((await plane.ask('/cluster/register', { ...register, cert, key })).status, 403)
})

await t.test('who says by a token who he is is that, and no node', async (t) => {
  const { cert, key } = await agent.tls()
  const headers = { authorization: `Bearer ${await admin()}` }
  t.match(JSON.parse((await plane.ask('/v1/access', { cert, key, headers })).body), { kind: 'first' })
  const wrong = { authorization: 'Bearer hdlt1.none' }
  t.equal((await plane.ask('/v1/access', { cert, key, headers: wrong })).status, 401)
})

await t.test(
  'on the listener of old clients nothing counts but the address, and there is nothing but their calls',
  async (t) => {
    const ask = async (path: string, init: RequestInit = {}) => {
      const signal = AbortSignal.timeout(10_000)
      const response = await fetch(`http://127.0.0.1:${plainPort}${path}`, { ...init, signal })
      await response.arrayBuffer()
      return response.status
    }
    const authorization = `Bearer ${await admin()}`
    for (const path of ['/v1/status', '/v1/access', '/v1/tokens', '/metrics', '/cluster/services', '/cluster/nodes']) {
      t.equal(await ask(path), 403, path)
      t.equal(await ask(path, { headers: { authorization } }), 403, `${path}, with a token`)
    }
    t.equal(await ask('/cluster/import', { method: 'POST', body: '{}' }), 403)
    const about = { service_type: 'crm', node_id: 'n', address: '127.0.0.1', port: 9_000 }
    const registered = (service_name: string) =>
      ask('/cluster/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer nonsense' },
        body: JSON.stringify({ ...about, service_name, instance_id: `${service_name}-1` }),
      })
    t.equal(await registered('crm'), 201)
    t.equal(await registered('billing'), 403)
  },
)

await t.test(
  'two days without a plane heal without hands, and until then the certificate lets it do nothing else',
  async (t) => {
    const { cert, key } = await agent.tls()
    await agent.agent.stop()
    const read = readNodeCertificate(cert)
    if (read.kind === 'unreadable') throw new Error(read.why)
    const { installation, node, scope } = read.certificate
    const publicKey = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    const issued = await issueNodeCertificate(authority, {
      publicKey,
      installation,
      node,
      scope,
      now: Date.now() - 3 * day,
    })
    const expired = issued.pem + authority.pem
    t.equal((await plane.ask('/v1/access', { cert: expired, key })).status, 401)
    await writeFile(agent.file('certificate.pem'), expired)
    await agent.agent.start()
    await waitFor(() => agent.at(), { what: 'the session', withinMs })
    const now = readNodeCertificate((await agent.tls()).cert)
    t.ok(now.kind === 'read' && now.certificate.notAfter > Date.now())
  },
)
