import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import { type Authority, newAuthority } from '#control-plane/identity/authority.ts'
import { issueServerCertificate } from '#control-plane/identity/issue.ts'
import { outsideAuthority } from '#control-plane/identity/outside-authority.ts'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { checkPin } from '#shared/identity/check-pin.ts'
import { judgeCertificate } from '#shared/identity/judge-certificate.ts'
import { keyHash } from '#shared/identity/key-hash.ts'
import { noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { installation, newKey, node, requestOf, scope, someAuthority, someNode } from '#test/support/identity.ts'

const execute = promisify(execFile)
const withoutOpenssl = await noCertificates()

type Pair = { readonly cert: string; readonly key: string }

async function serverPair(authority: Authority, names = ['localhost', '127.0.0.1']): Promise<Pair> {
  const { pem, publicKey } = await newKey()
  const issued = await issueServerCertificate(authority, { publicKey, names, now: Date.now() })
  return { cert: issued.pem + authority.pem + authority.above, key: pem }
}

/** What a server that wants certificates of `trusted`, and a client that trusts `believed`, think of each other. */
async function handshake(
  server: Pair,
  trusted: string,
  client: Partial<Pair>,
  believed: string,
): Promise<{
  readonly server: string
  readonly client: string
  readonly shown: Buffer | undefined
  readonly chain: string[]
}> {
  const listening = createServer({
    ...server,
    ca: trusted,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const told = once(listening, 'secureConnection') as Promise<[TLSSocket]>
  const asking = connect({ ...client, host: '127.0.0.1', port, ca: believed, rejectUnauthorized: false })
  try {
    const [[socket]] = await Promise.all([told, once(asking, 'secureConnect')])
    const chain: string[] = []
    for (
      let each = asking.getPeerCertificate(true) as PeerCertificate & { issuerCertificate?: PeerCertificate };
      each;
    ) {
      chain.push(keyHash(new X509Certificate(each.raw).publicKey))
      const above = each.issuerCertificate as typeof each | undefined
      if (!above || above === each) break
      each = above
    }
    return {
      server: socket.authorized ? 'believes' : String(socket.authorizationError),
      client: asking.authorized ? 'believes' : String(asking.authorizationError),
      shown: socket.getPeerX509Certificate()?.raw,
      chain,
    }
  } finally {
    asking.destroy()
    listening.close()
  }
}

await t.test('a plane and a node believe each other by certificates of one authority', async (t) => {
  const authority = await someAuthority()
  const { pem, key } = await someNode(authority)
  const seen = await handshake(await serverPair(authority), authority.pem, { cert: pem, key }, authority.pem)
  t.match(seen, { server: 'believes', client: 'believes' })
  const read = readNodeCertificate(seen.shown ?? '')
  if (read.kind === 'unreadable') throw new Error(read.why)
  const trust = { installation, authorities: [authority.certificate] }
  const none = { enrolments: new Map(), serials: new Set<string>() }
  t.strictSame(judgeCertificate(read.certificate, Date.now(), trust, none), { may: 'all', node, scope })
  t.ok(seen.chain.includes(authority.id), 'the agent finds in what it is shown what its token pins')
})

await t.test('an agent that trusts nobody yet finds in the handshake what its token pins', async (t) => {
  const authority = await someAuthority()
  const listening = createServer({ ...(await serverPair(authority)), minVersion: 'TLSv1.3' })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const asking = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(asking, 'secureConnect')
  const shown: X509Certificate[] = []
  for (let each = asking.getPeerX509Certificate(); each && shown.length < 5; each = each.issuerCertificate)
    shown.push(each)
  t.equal(asking.authorized, false)
  t.equal(checkPin(shown, authority.id, '127.0.0.1', Date.now()).kind, 'pinned')
  t.equal(checkPin(shown, (await someAuthority()).id, '127.0.0.1', Date.now()).kind, 'stranger')
  asking.destroy()
  listening.close()
})

await t.test('neither believes what another authority of the same name has signed', async (t) => {
  const [ours, theirs] = [await someAuthority(), await someAuthority()]
  const node = await someNode(theirs)
  const seen = await handshake(await serverPair(theirs), ours.pem, { cert: node.pem, key: node.key }, ours.pem)
  t.notMatch(seen, { server: 'believes' })
  t.notMatch(seen, { client: 'believes' })
})

await t.test('a node’s certificate is good for no server, and a server’s for no node', async (t) => {
  const authority = await someAuthority()
  const { pem, key } = await someNode(authority)
  const seen = await handshake({ cert: pem, key }, authority.pem, await serverPair(authority), authority.pem)
  t.match(seen, { server: 'INVALID_PURPOSE', client: /INVALID_PURPOSE|ALTNAME/ })
})

await t.test('a certificate that has expired reaches whoever judges it', async (t) => {
  const authority = await someAuthority()
  const { pem, key } = await someNode(authority, { now: Date.now() - 48 * 3_600_000 })
  const seen = await handshake(await serverPair(authority), authority.pem, { cert: pem, key }, authority.pem)
  t.match(seen, { server: 'CERT_HAS_EXPIRED', client: 'believes' })
  const read = readNodeCertificate(seen.shown ?? '')
  if (read.kind === 'unreadable') throw new Error(read.why)
  const trust = { installation, authorities: [authority.certificate] }
  const none = { enrolments: new Map(), serials: new Set<string>() }
  t.equal(judgeCertificate(read.certificate, Date.now(), trust, none).may, 'renew')
})

await t.test('while authorities take turns, old and new certificates are believed on both sides', async (t) => {
  const [old, next] = [await someAuthority(), await someAuthority()]
  const bundle = old.pem + next.pem
  for (const server of [old, next]) {
    for (const client of [old, next]) {
      const { pem, key } = await someNode(client)
      const seen = await handshake(await serverPair(server), bundle, { cert: pem, key }, bundle)
      t.match(seen, { server: 'believes', client: 'believes' })
    }
  }
})

await t.test(
  'OpenSSL follows the chain, and makes requests that are understood',
  { skip: withoutOpenssl },
  async (t) => {
    await using folder = await temporaryFolder('identity')
    const file = async (name: string, text: string) => {
      const path = join(folder.path, name)
      await writeFile(path, text)
      return path
    }
    const { authority } = await newAuthority(installation, Date.now())
    const ca = await file('ca.pem', authority.pem)
    const strict = ['verify', '-x509_strict', '-CAfile', ca]
    const leaf = await file('node.pem', (await someNode(authority)).pem)
    t.match(await execute('openssl', [...strict, '-purpose', 'sslclient', leaf]), { stdout: /: OK/ })
    await t.rejects(execute('openssl', [...strict, '-purpose', 'sslserver', leaf]), /purpose/)
    const server = await file('server.pem', (await serverPair(authority)).cert)
    const named = ['-verify_ip', '127.0.0.1']
    t.match(await execute('openssl', [...strict, ...named, '-purpose', 'sslserver', server]), { stdout: /: OK/ })
    const { stdout } = await execute('openssl', ['x509', '-in', leaf, '-noout', '-text'])
    t.match(stdout, /2\.25\.1893654127:/)
    t.match(stdout, /TLS Web Client Authentication/)
    const { pair } = await newKey()
    const request = await file('request.pem', await requestOf(pair))
    t.match(await execute('openssl', ['req', '-in', request, '-verify', '-noout']), { stderr: /verify OK/ })
  },
)

await t.test('an authority that somebody else made signs as ours does', { skip: withoutOpenssl }, async (t) => {
  await using folder = await temporaryFolder('outside')
  const path = (name: string) => join(folder.path, name)
  const run = (...args: string[]) => execute('openssl', args, { cwd: folder.path })
  const newEc = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run(
    'req',
    '-x509',
    ...newEc,
    '-days',
    '3',
    '-subj',
    '/O=Example 公司/CN=Root',
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
  )
  const wish =
    'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
  await writeFile(path('wish'), wish)
  await run('req', ...newEc, '-subj', '/O=Example 公司/CN=Fleet', '-keyout', 'fleet.key', '-out', 'fleet.csr')
  const signs = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '2', '-extfile', 'wish']
  await run('x509', '-req', '-in', 'fleet.csr', ...signs, '-out', 'fleet.pem')
  const read = (name: string) => readFile(path(name), 'utf8')
  const [root, fleet, key] = [await read('root.pem'), await read('fleet.pem'), await read('fleet.key')]
  const now = Date.now()
  const authority = await outsideAuthority(fleet + root, key, now)
  const { pem, key: nodeKey } = await someNode(authority)
  const trusting = fleet + root
  const seen = await handshake(await serverPair(authority), trusting, { cert: pem, key: nodeKey }, root)
  t.match(seen, { server: 'believes', client: 'believes' })
  t.ok(seen.chain.includes(authority.id))
  const trust = { installation, authorities: [authority.certificate] }
  const certificate = readNodeCertificate(pem)
  if (certificate.kind === 'unreadable') throw new Error(certificate.why)
  const none = { enrolments: new Map(), serials: new Set<string>() }
  t.equal(judgeCertificate(certificate.certificate, Date.now(), trust, none).may, 'all')
  const leaf = (await someNode(authority)).pem
  const strangers = await read('root.key')
  for (const [what, certificates, withThis, when] of [
    [/no certificate/, '', key, now],
    [/cannot be read/, fleet.replace(/MI/, 'XX'), key, now],
    [/not that of an authority/, leaf, key, now],
    [/of another key/, fleet, strangers, now],
    [/key cannot be read/, fleet, 'secret', now],
    [/expired at/, fleet, key, now + 3 * 24 * 3_600_000],
    [/holds only from/, fleet, key, now - 24 * 3_600_000],
    [/each follow/, fleet + leaf, key, now],
  ] as const) {
    await t.rejects(outsideAuthority(certificates, withThis, when), { code: 'AUTHORITY_UNUSABLE', message: what })
  }
})
