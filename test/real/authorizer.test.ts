import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import t from 'tap'
import { type NodeAuthorizers, openAuthorizers } from '#agent/authorizer/open-authorizers.ts'
import type { AskedAuthenticator, ExternalAuthenticator, JwtAuthenticator } from '#shared/protocol/authorizer.ts'
import { type AuthorizerQuestion, askAuthorizer } from '#test/support/authorizer/ask-authorizer.ts'
import { Issuer } from '#test/support/authorizer/issuer.ts'
import { TokenService } from '#test/support/authorizer/token-service.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { onPath } from '#test/support/on-path.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const execute = promisify(execFile)
const withinMs = 20_000
const issuer = 'https://issuer.test'
const permissionsClaim = 'permissions'

/** An authorizer on a port of its own, and the service that it asks. */
class Scene implements AsyncDisposable {
  readonly lines: string[] = []
  readonly services: TokenService[] = []
  readonly port: number
  readonly folder: Folder
  #open: NodeAuthorizers | undefined

  private constructor(port: number, folder: Folder) {
    this.port = port
    this.folder = folder
  }

  static async start(services: readonly TokenService[] = [new TokenService()]): Promise<Scene> {
    const scene = new Scene(await freePort(), await temporaryFolder('authorizer'))
    for (const service of services) scene.services.push(await service.start())
    await scene.open()
    return scene
  }

  get service(): TokenService {
    const [service] = this.services
    if (!service) throw new Error('no service')
    return service
  }

  async open(): Promise<void> {
    const log = pino({ level: 'trace' }, { write: (line: string) => void this.lines.push(line) })
    const configs = [{ gateway: 'edge', listen: `127.0.0.1:${this.port}`, certificates: [tmpdir()] }]
    this.#open = await openAuthorizers(configs, { stateDir: this.folder.path, log })
  }

  async close(): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]()
  }

  want(...authenticators: readonly AskedAuthenticator[]): void {
    this.#open?.want({ edge: { authenticators: [...authenticators] } })
  }

  jwt(more: Partial<JwtAuthenticator> = {}): JwtAuthenticator {
    const rule = { kind: 'jwt' as const, name: 'users', issuer, audiences: [], refreshMs: 600_000, path: '/keys' }
    return { ...rule, permissionsClaim, service: this.asked(), ...more }
  }

  external(more: Partial<ExternalAuthenticator> = {}): ExternalAuthenticator {
    const rule = { kind: 'external', name: 'users', path: '/verify', timeoutMs: 5_000, cacheMs: 60_000 } as const
    return { ...rule, permissionsClaim, service: this.asked(), ...more }
  }

  asked(ports = this.services.map(({ port }) => port)): JwtAuthenticator['service'] {
    const endpoints = ports.map((port) => ({ address: '127.0.0.1', port, priority: 0 }))
    return { name: 'zervi-auth', endpoints, connectTimeoutMs: 1_000 }
  }

  ask(token?: string, more: Partial<AuthorizerQuestion> = {}) {
    return askAuthorizer({ port: this.port, ...(token === undefined ? {} : { token }), ...more })
  }

  get state() {
    const [edge] = this.#open?.state ?? []
    const [users] = edge?.authenticators ?? []
    return { edge, users }
  }

  /** Until tokens can be judged. */
  able(): Promise<unknown> {
    return waitFor(() => this.state.users, {
      what: 'an authenticator that is able',
      withinMs,
      until: (users) => users !== undefined && users.unable === undefined,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    for (const service of this.services) await service.stop()
    await this.folder[Symbol.asyncDispose]()
  }
}

const valid = (permissions: readonly string[] = []) => ({
  body: JSON.stringify({ valid: true, data: { user_id: 42, permissions } }),
})

await t.test(
  'a token passes by its signature and claims; its subject goes on, and its permissions count',
  async (t) => {
    await using scene = await Scene.start()
    const keys = new Issuer(issuer).add('a')
    scene.service.keys = { body: keys.keySet() }
    scene.want(scene.jwt({ audiences: ['api'] }))
    await scene.able()
    const good = keys.token({ aud: 'api', permissions: ['service:access', 'cluster:manage'] })
    t.strictSame(await scene.ask(good), { status: 200, subject: 'li' })
    t.strictSame(await scene.ask(good, { permissions: 'cluster:manage service:access' }), {
      status: 200,
      subject: 'li',
    })
    t.strictSame(await scene.ask(good, { permissions: 'cluster:manage root' }), { status: 403, subject: undefined })
    t.strictSame(await scene.ask(good, { method: 'POST', path: '/authorize/api/x?y=1' }), {
      status: 200,
      subject: 'li',
    })

    const now = Math.floor(Date.now() / 1000)
    for (const [name, token] of [
      ['of another issuer', keys.token({ aud: 'api', iss: 'https://else.test' })],
      ['for somebody else', keys.token({ aud: 'else' })],
      ['that is over', keys.token({ aud: 'api', exp: now - 120 })],
      ['that is not yet', keys.token({ aud: 'api', nbf: now + 600 })],
      ['of another key', new Issuer(issuer).add('a').token({ aud: 'api' })],
      ['of an unknown key', new Issuer(issuer).add('z').token({ aud: 'api' })],
      ['with a critical extension', keys.token({ aud: 'api' }, { header: { crit: ['x'], x: 1 } })],
      ['without algorithm', keys.token({ aud: 'api' }, { header: { alg: 'none' } })],
      ['whose subject is no header', keys.token({ aud: 'api', sub: 'li\r\nx: y' })],
      ['that is none', 'opaque'],
    ] as const) {
      t.strictSame(await scene.ask(token), { status: 401, subject: undefined }, name)
    }
    t.equal((await scene.ask()).status, 401)
    t.equal((await scene.ask(undefined, { authorization: `bearer ${good}` })).status, 401)
    t.strictSame(await scene.ask(keys.token({ aud: 'api', sub: '李' })), {
      status: 200,
      subject: Buffer.from('李').toString('latin1'),
    })
    t.equal((await scene.ask(good, { path: '/other' })).status, 404)
    t.equal((await scene.ask(good, { gateway: 'other' })).status, 503)
    t.equal((await scene.ask(good, { authenticator: 'other' })).status, 503)
    t.match(scene.state.edge, { unknown: ['other'], in_vain: 1 })
    t.match(scene.state.users, { counts: { granted: 4, forbidden: 1, refused: 12, unable: 0 }, keys: { keys: 1 } })
  },
)

await t.test('keys are changed while tokens come: the new ones are fetched at once, the old ones end', async (t) => {
  await using scene = await Scene.start()
  const keys = new Issuer(issuer).add('a')
  scene.service.keys = { body: keys.keySet() }
  scene.want(scene.jwt())
  await scene.able()
  const old = keys.token()
  t.equal((await scene.ask(old)).status, 200)

  keys.add('b', 'EdDSA')
  scene.service.keys = { body: keys.keySet() }
  const next = keys.token()
  // A key set is fetched for an unknown key at most every few seconds.
  const passes = async () => (await scene.ask(next)).status
  await waitFor(passes, { what: 'the new key', withinMs, until: (status) => status === 200 })
  t.equal((await scene.ask(old)).status, 200)
  const asked = scene.service.keysAsked
  const since = performance.now()
  await Promise.all(
    Array.from({ length: 50 }, () => scene.ask(new Issuer(issuer).add(crypto.randomUUID(), 'EdDSA').token())),
  )
  const most = asked + 1 + (performance.now() - since) / 3_000
  t.ok(scene.service.keysAsked <= most, 'unknown keys do not make it ask each time')

  keys.remove('a')
  scene.service.keys = { body: keys.keySet() }
  scene.want(scene.jwt({ refreshMs: 100 }))
  const ends = async () => (await scene.ask(old)).status
  await waitFor(ends, { what: 'the end of the old key', withinMs, until: (status) => status === 401 })
  t.equal((await scene.ask(next)).status, 200)
})

await t.test('the last good key set stays when it cannot be had, also over a restart', async (t) => {
  await using scene = await Scene.start()
  const keys = new Issuer(issuer).add('a')
  scene.want(scene.jwt({ refreshMs: 100 }))
  t.equal((await scene.ask(keys.token())).status, 503, 'without any key set nobody can tell')
  scene.service.keys = { body: keys.keySet() }
  await scene.able()
  t.equal((await scene.ask(keys.token())).status, 200)

  for (const [answer, why] of [
    [{ status: 500 }, 'status 500'],
    [{ body: '<html>' }, 'it holds no key of use'],
    [{ body: '{"keys":[]}' }, 'it holds no key of use'],
    ['cut', 'socket hang up'],
  ] as const) {
    const seen = (wanted: string | undefined) =>
      waitFor(() => scene.state.users?.keys ?? { why: 'none' }, {
        what: `the key set being ${wanted ?? 'good'}`,
        withinMs,
        until: (keys) => keys.why === wanted,
      })
    scene.service.keys = answer
    await seen(why)
    t.equal((await scene.ask(keys.token({ jti: why }))).status, 200)
    scene.service.keys = { body: keys.keySet() }
    await seen(undefined)
  }
  t.match(scene.lines.join(''), /KEY_SET_UNUSABLE/)

  await scene.service.stop()
  await scene.close()
  await scene.open()
  t.equal((await scene.ask(keys.token())).status, 200)
  // Whether a key that is not in it is good nobody can tell now.
  t.equal((await scene.ask(new Issuer(issuer).add('b').token())).status, 503)
  t.equal((await scene.ask(new Issuer(issuer).add('a').token())).status, 401)
  await scene.service.start()
  scene.service.keys = { body: new Issuer(issuer).add('c').keySet() }
  const gone = async () => (await scene.ask(keys.token())).status
  await waitFor(gone, { what: 'the new key set', withinMs, until: (status) => status === 401 })
})

await t.test('what was kept and cannot be read lets nobody pass until it is told anew', async (t) => {
  await using scene = await Scene.start()
  const keys = new Issuer(issuer).add('a')
  scene.service.keys = { body: keys.keySet() }
  scene.want(scene.jwt())
  await scene.able()
  await scene.close()
  const file = join(scene.folder.path, 'authorizers', 'edge.json')
  t.match(JSON.parse(await readFile(file, 'utf8')), { set: { authenticators: [{ name: 'users' }] } })
  await writeFile(file, '{"set":')
  await scene.open()
  t.equal((await scene.ask(keys.token())).status, 503)
  scene.want(scene.jwt())
  await scene.able()
  t.equal((await scene.ask(keys.token())).status, 200)
  // Then all is on the disk.
  await scene.close()
  t.strictSame((await readdir(join(scene.folder.path, 'authorizers'))).toSorted(), [
    'edge.json',
    'edge.json.unreadable',
  ])
})

await t.test('where the disk does not take it tokens are judged all the same', async (t) => {
  await using scene = await Scene.start()
  await writeFile(join(scene.folder.path, 'authorizers'), 'a file')
  scene.service.verify = () => valid()
  scene.want(scene.external())
  t.equal((await scene.ask('x')).status, 200)
  await scene.close()
  t.match(scene.lines.join(''), /cannot be kept/)
})

await t.test('an authenticator of a later kind keeps no other back, and lets nobody pass', async (t) => {
  await using scene = await Scene.start()
  scene.service.verify = () => valid()
  const later = { ...scene.external(), kind: 'oracle', name: 'later' } as unknown as AskedAuthenticator
  scene.want(later, scene.external())
  t.equal((await scene.ask('x')).status, 200)
  t.equal((await scene.ask('x', { authenticator: 'later' })).status, 503)
  t.match(scene.state.edge?.unknown, ['later'])
})

await t.test('a thousand requests with one token ask the service once', async (t) => {
  await using scene = await Scene.start()
  scene.service.verify = () => valid(['service:access'])
  scene.want(scene.external())
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => scene.ask('t', { permissions: 'service:access' })),
  )
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.strictSame(scene.service.verified, ['Bearer t'])
  t.equal(answers[999]?.subject, '42')
  t.match(scene.state.users, { questions: 1, counts: { asked: 1000, granted: 1000 } })
  t.equal((await scene.ask('t', { permissions: 'root' })).status, 403)
  t.equal(scene.service.verified.length, 1)
  t.equal((await scene.ask(undefined, { authorization: 'Basic bGk6eA==' })).status, 200)
  t.strictSame(scene.service.verified, ['Bearer t', 'Basic bGk6eA=='])
})

await t.test('who says no, hangs, breaks off, is not understood or is not there lets nobody pass', async (t) => {
  await using scene = await Scene.start()
  for (const [answer, status] of [
    [{ status: 401 }, 401],
    [{ body: '{"success": false, "error": "expired"}' }, 401],
    [{ status: 403 }, 403],
    ['hang', 503],
    ['cut', 503],
    [{ status: 500, body: '{"valid": true}' }, 503],
    [{ status: 404 }, 503],
    [{ body: '<html>Login</html>' }, 503],
    [{ body: `{"valid": true, "x": "${'x'.repeat(300_000)}"}` }, 503],
    [valid(), 200],
  ] as const) {
    scene.want(scene.external({ timeoutMs: answer === 'hang' ? 300 : 5_000, cacheMs: 0 }))
    scene.service.verify = () => answer
    t.equal((await scene.ask('t')).status, status, JSON.stringify(answer).slice(0, 60))
  }
  await scene.service.stop()
  t.equal((await scene.ask('t')).status, 503)
  t.match(scene.lines.join(''), /TOKEN_SERVICE_UNCLEAR/)
  await scene.service.start()
  t.equal((await scene.ask('t')).status, 200)
  scene.want(scene.external({ service: scene.asked([]) }))
  t.equal((await scene.ask('t')).status, 503)
  t.equal(scene.state.users?.unable, 'no endpoint')
  scene.want(scene.external({ path: '/not a path' }))
  t.equal((await scene.ask('t')).status, 503)
  scene.want(scene.jwt({ path: '/not a path' }))
  t.equal((await scene.ask('t.t.t')).status, 401)
  t.equal((await scene.ask(new Issuer(issuer).add('a').token())).status, 503)
})

await t.test('what is known goes on while the service is away, also when it is to be asked elsewhere', async (t) => {
  await using scene = await Scene.start()
  scene.service.verify = () => valid()
  scene.want(scene.external())
  t.equal((await scene.ask('t')).status, 200)
  await scene.service.stop()
  scene.want(scene.external({ service: scene.asked([await freePort()]) }))
  t.equal((await scene.ask('t')).status, 200)
  t.equal((await scene.ask('u')).status, 503)
})

await t.test('a token never passes after its own end, whatever the service says', async (t) => {
  await using scene = await Scene.start()
  scene.service.verify = () => valid()
  scene.want(scene.external())
  const ending = new Issuer(issuer).add('a').token()
  t.equal((await scene.ask(ending)).status, 200)
  const now = Date.now()
  const clock = t.capture(Date, 'now', () => now + 3_601_000)
  t.equal((await scene.ask(ending)).status, 401)
  clock.restore()
  t.equal(scene.service.verified.length, 1)
})

await t.test('another endpoint is tried when one refuses or fails', async (t) => {
  const [first, second] = [new TokenService(), new TokenService()]
  await using scene = await Scene.start([first, second])
  for (const service of scene.services) service.verify = () => valid()
  scene.want(scene.external({ cacheMs: 0 }))
  await first.stop()
  for (let n = 0; n < 6; n += 1) t.equal((await scene.ask(`t${n}`)).status, 200)
  await first.start()
  second.verify = () => ({ status: 503 })
  for (let n = 0; n < 6; n += 1) t.equal((await scene.ask(`u${n}`)).status, 200)
})

const openssl = await onPath('openssl')
await t.test(
  'a service behind TLS must prove its name',
  { skip: openssl ? false : 'openssl is missing' },
  async (t) => {
    await using folder = await temporaryFolder('tls')
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')]
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const named = ['-subj', '/CN=auth', '-addext', 'subjectAltName=DNS:auth.internal']
    await execute(openssl ?? '', [...made, ...named, '-keyout', key, '-out', cert])
    const service = new TokenService({ key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') })
    service.verify = () => valid()
    await using scene = await Scene.start([service])
    const rule = (name: string, ca: string) =>
      scene.external({ cacheMs: 0, service: { ...scene.asked(), tls: { name, ca } } })
    scene.want(rule('auth.internal', cert))
    t.equal((await scene.ask('t')).status, 200)
    scene.want(rule('else.internal', cert))
    t.equal((await scene.ask('t')).status, 503)
    scene.want(rule('auth.internal', join(folder.path, 'missing.pem')))
    t.equal((await scene.ask('t')).status, 503)
    scene.want(scene.external({ cacheMs: 0 }))
    t.equal((await scene.ask('t')).status, 503, 'without TLS it does not answer')
    t.equal(service.verified.length, 1)
    scene.want(rule('auth.internal', cert))
    t.equal((await scene.ask('t')).status, 200)
  },
)

await t.test('nothing of a token is written anywhere', async (t) => {
  await using scene = await Scene.start()
  scene.want(scene.external({ cacheMs: 1_000, timeoutMs: 300 }))
  scene.service.verify = () => 'hang'
  await scene.ask('very-secret')
  scene.service.verify = () => valid()
  await scene.ask('very-secret')
  await scene.ask('very-secret', { authenticator: 'other' })
  await scene.close()
  t.notMatch(scene.lines.join(''), /very-secret/)
  t.notMatch(await readFile(join(scene.folder.path, 'authorizers', 'edge.json'), 'utf8'), /very-secret/)
})
