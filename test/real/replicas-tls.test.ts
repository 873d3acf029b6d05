import { randomBytes, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { rotate } from '#control-plane/identity/rotate.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { runHeader, subprotocol, wirePath } from '#control-plane/replicas/wire/messages.ts'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { AuthorityListView, IdentityView, MadeTokenView } from '#shared/protocol/identity-api.ts'
import { EnrolledAgent } from '#test/support/enrolled-agent.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { askTls } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 60_000
const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'

/** What somebody is told who wants to tell this plane what another one hears. */
function toldAs(plane: string, tls: object): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { rejectUnauthorized: false, handshakeTimeout: 10_000, ...tls }
  const headers = { [runHeader]: 'somebody', authorization: `Bearer ${'0'.repeat(64)}` }
  const socket = new WebSocket(`${plane.replace(/^https/, 'wss')}${wirePath}`, subprotocol, { ...options, headers })
  socket.on('open', () => {
    resolve('let in')
    socket.terminate()
  })
  socket.on('error', (error) => resolve(error.message))
  return promise
}

await t.test('two planes of one database over TLS, and agents with certificates', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  // They start together, on an empty database.
  await using replicas = await startReplicas(place, 2, undefined, { tls: true })
  const [one, two] = replicas.all
  if (!one || !two) throw new Error('two planes')
  await using stack = new AsyncDisposableStack()
  const post = async (plane: string, path: string, body: object) => {
    const { status, body: text } = await askTls(`${plane}${path}`, { method: 'POST', body: { by: 'test', ...body } })
    if (status !== 200) throw new Error(`${path} was answered with ${status}: ${text}`)
    return JSON.parse(text)
  }
  const newToken = async () => {
    const { token } = (await post(one.url, '/v1/identity/tokens', { uses: 5, lifetime_ms: 600_000 })) as MadeTokenView
    const file = join(replicas.folder.path, `token-${token.slice(5, 15)}`)
    await writeFile(file, token, { mode: 0o600 })
    return file
  }
  const until = <T>(what: string, look: () => T | Promise<T>, done: (seen: T) => boolean = Boolean) =>
    waitFor(look, { what, withinMs, until: done })
  const authorities = (plane: typeof one) => plane.get<AuthorityListView>('/v1/identity')
  const seen = await Promise.all([authorities(one), authorities(two)])
  t.equal(new Set(seen.map(({ trust }) => trust)).size, 1, 'they have made one authority')
  t.equal(seen[0]?.authorities.length, 1)

  const planes = [one.url, two.url]
  const token = await newToken()
  // Whichever an agent would rather have: each has both.
  const agents = await Promise.all(
    [one, two].map(async (plane) =>
      stack.use(await EnrolledAgent.start([plane.url, ...planes.filter((each) => each !== plane.url)], token)),
    ),
  )
  const [first, second] = agents
  if (!first || !second) throw new Error('two agents')
  for (const agent of agents) await until('a session', () => agent.at())

  await t.test('each is let in by whichever it asks, and known at both', async (t) => {
    const known = await Promise.all([one, two].map((plane) => plane.get<IdentityView[]>('/v1/identities')))
    t.strictSame(known[0], known[1])
    t.match(known[0], [{ state: 'enrolled' }, { state: 'enrolled' }])
  })

  await t.test('nobody speaks as a plane who does not read their store, whatever certificate he has', async (t) => {
    t.match(await toldAs(one.url, {}), /403/)
    t.match(await toldAs(one.url, await first.tls()), /403/)
  })

  await t.test('a plane with another secret says so and does not start', async (t) => {
    const other = join(replicas.folder.path, 'other-secret')
    await writeFile(other, randomBytes(32).toString('base64url'), { mode: 0o600 })
    await t.rejects(
      startReplicas(place, 1, () => ({ identity: { secret_file: other } }), { tls: true }),
      {
        message: /SECRET_WRONG/,
      },
    )
  })

  await t.test('the authority changes while all goes on: sessions, xDS, and who is let in', async (t) => {
    const sessions = async () =>
      (await Promise.all(agents.map((agent) => agent.health()))).map(({ session }) => session.sessions)
    const before = await sessions()
    const where = await Promise.all(agents.map((agent) => agent.at()))
    const node = await first.node()
    using envoy = new DeltaClient(one.xdsPort, loadEnvoyDefinitions(), await first.tls())
    envoy.hello('edge', node)
    await post(one.url, '/v1/identity/rotate', {})
    await until(
      'both agents to trust the next one',
      () => Promise.all(agents.map((agent) => agent.trusts())),
      (counts) => counts.every((count) => count === 2),
    )
    // The step that a plane takes a minute later at the soonest, when every node has said so.
    {
      await using store = await openStore(place.settings)
      const parts = { store, installation: store.installation, secret: Buffer.alloc(32) }
      t.match(await rotate(parts, { now: Date.now(), asked: false, confirmed: true }), { kind: 'activate' })
    }
    for (const plane of [one, two]) {
      await until(
        `${plane.name} to sign by it`,
        () => authorities(plane),
        (view) => view.authorities[1]?.state === 'active',
      )
    }
    await using third = await EnrolledAgent.start([two.url, one.url], await newToken())
    await until('who comes now', () => third.at())
    const [certificate] = [new X509Certificate((await third.tls()).cert)]
    const [, next] = (await authorities(two)).trust.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []
    t.ok(next !== undefined && certificate.checkIssued(new X509Certificate(next)), 'its certificate is of the next one')
    t.strictSame(await sessions(), before, 'no session ended')
    t.strictSame(await Promise.all(agents.map((agent) => agent.at())), where, 'nor did anybody go elsewhere')
    t.strictSame(envoy.errors, [])
    t.equal(envoy.ended, false)
  })

  await t.test('a plane is started anew, and its agents are elsewhere meanwhile', async (t) => {
    await one.program.stop()
    for (const agent of agents)
      await until(
        'it to be with the other',
        () => agent.at(),
        (at) => at === two.url,
      )
    await one.program.start()
    t.equal((await authorities(one)).authorities.length, 2, 'who signs is as it was')
  })

  await t.test('who is revoked at one plane loses the session at the other', async (t) => {
    const at = await until('its session', () => second.at())
    const [other = ''] = planes.filter((each) => each !== at)
    await post(other, `/v1/identities/${await second.node()}/revoke`, { reason: 'stolen' })
    await until(
      'the end of its session',
      () => second.at(),
      (seen) => seen === undefined,
    )
    const [, ...more] = await one.get<IdentityView[]>('/v1/identities')
    t.equal(more.length, 2)
    await until('the others to go on', () => first.at())
  })
})
