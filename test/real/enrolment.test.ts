import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { askPlane } from '#agent/identity/ask-plane.ts'
import { newToken, readToken, secretHash } from '#shared/identity/token.ts'
import type { NodeView } from '#shared/protocol/api.ts'
import type { IdentityView } from '#shared/protocol/identity-api.ts'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const withinMs = 25_000

await using plane = await TlsPlane.start()

/** An agent that has a token, and what it says of itself. */
async function startAgent(more: object = {}) {
  const agent = await RunningAgent.start({
    planes: [plane.url],
    more: { identity: { token_file: plane.tokenFile }, ...more },
  })
  const health = async () => JSON.parse(await agent.page('/health'))
  return { agent, health }
}

/** What a plane says to somebody who says that he is a node. */
function greeted(tls: { readonly cert?: string; readonly key?: string }, node: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const address = `${plane.url.replace(/^https/, 'wss')}${sessionPath}`
  const socket = new WebSocket(address, subprotocol, { rejectUnauthorized: false, handshakeTimeout: 10_000, ...tls })
  const about = { machine: 'm1', incarnation: 1, version: '0', name: 'x', site: 'default', address: '127.0.0.1' }
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', node, ...about })))
  socket.on('message', (text) => {
    resolve(String(text))
    socket.terminate()
  })
  socket.on('error', (error) => resolve(error.message))
  return promise
}

const until = (look: () => unknown, what: string) => waitFor(look, { what, withinMs })

await t.test(
  'an agent trades its token for a certificate, reports with it, and ends within seconds of its revocation',
  async (t) => {
    t.equal((await stat(plane.tokenFile)).mode & 0o777, 0o600, 'the token is for its owner alone')
    const { agent, health } = await startAgent()
    await using _ = agent
    await until(async () => (await health()).session.state === 'connected', 'the session')
    const [node] = await plane.get<NodeView[]>('/v1/nodes')
    t.equal(node?.contact, 'connected')
    const [identity] = await plane.get<IdentityView[]>('/v1/identities')
    t.match(identity, { node: node?.id, state: 'enrolled', enrolment: 1 })
    t.match((await health()).certificate, { state: 'enrolled' })
    const key = join(agent.stateDir, 'identity/key.pem')
    t.equal((await stat(key)).mode & 0o777, 0o600, 'so is the key')

    await t.test('whoever has no certificate has no session, and who has one speaks for its node alone', async (t) => {
      t.match(await greeted({}, node?.id ?? ''), /401/)
      const own = {
        cert: await readFile(join(agent.stateDir, 'identity/certificate.pem'), 'utf8'),
        key: await readFile(key, 'utf8'),
      }
      t.match(await greeted(own, 'n-aaaaaaaaaaaa'), /IDENTITY_OTHER_NODE/)
      t.match((await health()).session, { state: 'connected' }, 'the node itself goes on')
    })

    await t.test('a certificate is renewed by who shows it', async (t) => {
      const cert = await readFile(join(agent.stateDir, 'identity/certificate.pem'), 'utf8')
      const nothing = await plane.ask('/v1/renew', { method: 'POST', body: { csr: 'none', machine: 'm' } })
      t.equal(nothing.status, 401)
      const wrong = await plane.ask('/v1/renew', {
        ...{ method: 'POST', body: { csr: 'none', machine: 'm' } },
        ...{ cert, key: await readFile(key, 'utf8') },
      })
      t.match(JSON.parse(wrong.body), { status: 403, code: 'ENROLMENT_REQUEST_INVALID' })
    })

    const body = { reason: 'stolen', by: 'test' }
    const at = performance.now()
    const revoked = await plane.ask(`/v1/identities/${node?.id}/revoke`, { method: 'POST', body })
    t.match(JSON.parse(revoked.body), { state: 'revoked' })
    await until(async () => (await health()).session.state !== 'connected', 'the end of its session')
    t.ok(performance.now() - at < 10_000)
    // It asks to be let in anew, and waits until somebody has looked.
    const waiting = await waitFor(async () => (await plane.get<IdentityView[]>('/v1/identities'))[0]?.waiting, {
      ...{ what: 'it to wait', withinMs: 90_000 },
      until: (seen) => seen !== null && seen !== undefined,
    })
    const approve = { method: 'POST', body: { key: waiting?.key ?? '', by: 'test' } }
    const approved = await plane.ask(`/v1/identities/${node?.id}/approve`, approve)
    t.match(JSON.parse(approved.body), { state: 'enrolled', enrolment: 2, waiting: null })
    await until(async () => (await health()).session.state === 'connected', 'the next session')
  },
)

await t.test('a token is given to a plane of the authority that it pins, and to nobody else', async (t) => {
  const read = readToken(await plane.token())
  if (read.kind === 'unreadable') throw new Error(read.why)
  const { token } = read
  const body = { token: 'not even one', csr: 'none', node: 'n-aaaaaaaaaaaa', machine: 'm1', site: 'x' }
  const ask = (pin: string) =>
    askPlane(plane.url, '/v1/enrol', body, { kind: 'pin', pin }, new AbortController().signal)
  const other = newToken(secretHash('somebody else'))
  t.match(await ask(other.pin), { kind: 'refused', code: 'PLANE_UNPROVEN', retry: true })
  t.notMatch(plane.output, /ENROLMENT_TOKEN_UNREADABLE/, 'it was told nothing')
  t.match(await ask(token.pin), { kind: 'refused', code: 'ENROLMENT_TOKEN_UNREADABLE', retry: false })
  await until(() => plane.output.includes('ENROLMENT_TOKEN_UNREADABLE'), 'the one that it pins to be asked')
})
